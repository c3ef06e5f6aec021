# Builds the server and ships it with the sample models: docker build -t servingstack . && docker run -p 8000:8000 -p 8001:8001 servingstack
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source

# Restored from the build files alone, so that a change of code reuses this layer.
COPY global.json Directory.*.props Directory.*.targets ./
COPY protos/ protos/
COPY src/ServingStack.Kernels/*.csproj src/ServingStack.Kernels/
COPY src/ServingStack.Graphs/*.csproj src/ServingStack.Graphs/
COPY src/ServingStack.Engine/*.csproj src/ServingStack.Engine/
COPY src/ServingStack.Serving/*.csproj src/ServingStack.Serving/
COPY src/ServingStack.Server/*.csproj src/ServingStack.Server/
RUN dotnet restore src/ServingStack.Server

COPY src/ src/
RUN dotnet publish src/ServingStack.Server -c Release --no-restore -o /app

# Chiselled: no shell, no package manager, and a user that is not root.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
WORKDIR /app
COPY --from=build /app .
COPY deploy/models /models
# The root file system may be read-only: without the diagnostic port the runtime writes nothing.
ENV DOTNET_EnableDiagnostics=0
EXPOSE 8000 8001
ENTRYPOINT ["dotnet", "ServingStack.Server.dll"]
CMD ["--model-repository", "/models", "--address", "0.0.0.0"]
