using ServingStack.Server.Options;
using ServingStack.Server.Rest;

namespace ServingStack.Server.Hosting;

/// <summary>The server, put together.</summary>
internal static class ServerApplication
{
    /// <summary>Builds the server from its command line; null when an option is wrong, with every fault and its remedy.</summary>
    public static WebApplication? TryBuild(string[] args, out IReadOnlyList<string> faults)
    {
        faults = OptionTable.FaultIn(args) is { } fault ? [fault] : [];
        if (faults.Count > 0) return null;

        // Settings lie beside the program, not where it happens to be called from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddCommandLine(args, OptionTable.Mappings);
        string[] places = [Environment.CurrentDirectory, AppContext.BaseDirectory];
        if (!OptionTable.TryRead(builder.Configuration, out var options, out faults, places)) return null;

        builder.ListenOnRestAndGrpc(options);
        builder.Services.AddModels(options);
        builder.Services.AddRest();
        builder.Services.AddGrpcInference(options);
        builder.Services.AddTelemetry();

        var app = builder.Build();
        app.UseRest();
        app.MapInferenceProtocol();
        app.MapGrpcInference();
        app.MapDocumentation();
        app.MapPrometheusScrapingEndpoint();
        return app;
    }
}
