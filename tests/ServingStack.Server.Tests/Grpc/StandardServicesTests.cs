using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1Alpha;
using ServingStack.Graphs;
using ServingStack.Server.Tests.Support;
using ServingStack.Tests.Support;

namespace ServingStack.Server.Tests.Grpc;

/// <summary>The services that gRPC tools expect of every server: health and reflection.</summary>
public sealed class StandardServicesTests
{
    [Fact]
    public async Task Health_BeforeAndAfterDrain_FollowsReadiness()
    {
        await using var server = await RunningServer.StartAsync(new TemporaryRepository().Add("m", 1, TinyModels.Identity(ElementType.Float32)));
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        var health = new Health.HealthClient(channel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new())).Status);
        server.Repository.Drain();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await health.CheckAsync(new())).Status);
    }

    [Fact]
    public async Task Reflection_ListServices_NamesTheProtocol()
    {
        await using var server = await RunningServer.StartAsync(new TemporaryRepository());
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        using var call = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Contains("inference.GRPCInferenceService", call.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name));
    }
}
