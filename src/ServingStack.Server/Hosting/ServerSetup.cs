using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Scalar.AspNetCore;
using ServingStack.Server.Grpc;
using ServingStack.Server.Options;
using ServingStack.Server.Rest;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Telemetry;

namespace ServingStack.Server.Hosting;

/// <summary>The steps that <c>Program</c> lists.</summary>
internal static class ServerSetup
{
    public static void ListenOnRestAndGrpc(this WebApplicationBuilder builder, ServerOptions options) =>
        builder.WebHost.ConfigureKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        // The endpoints hold their own limit, which counts after decompression and answers in JSON.
        kestrel.Limits.MaxRequestBodySize = null;
        // Without TLS there is no negotiation, so each port speaks one version of HTTP.
        kestrel.Listen(options.ListenAddress, options.HttpPort, listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Listen(options.ListenAddress, options.GrpcPort, listen => listen.Protocols = HttpProtocols.Http2);
    });

    public static void AddModels(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ServingMetrics>();
        services.AddSingleton(
            new RepositoryOptions { Folder = options.ModelRepository, PollInterval = TimeSpan.FromSeconds(options.PollSeconds) });
        services.AddSingleton<ModelRepository>();
        services.AddHostedService<RepositoryService>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(options.StopSeconds));
    }

    public static void AddRest(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        services.AddSingleton<InferEndpoint>();
        services.AddRequestDecompression();
        services.AddResponseCompression();
        services.AddOpenApi(openApi => openApi.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "ServingStack";
            document.Info.Description = "ONNX models over the Open Inference Protocol, version 2.";
            return Task.CompletedTask;
        }));
    }

    public static void AddGrpcInference(this IServiceCollection services, ServerOptions options)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.MaxRequestBytes;
            grpc.MaxSendMessageSize = null;
            // Its catch-all route would hide REST's answer to a wrong verb. Clients read the plain 404 as UNIMPLEMENTED.
            grpc.IgnoreUnknownServices = true;
            grpc.Interceptors.Add<GrpcErrors>();
        });
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks().AddCheck<ReadyHealthCheck>("ready");
        services.Configure<HealthCheckPublisherOptions>(publisher =>
            (publisher.Delay, publisher.Period) = (TimeSpan.Zero, TimeSpan.FromSeconds(1)));
    }

    public static void AddTelemetry(this IServiceCollection services) => services.AddOpenTelemetry()
        .ConfigureResource(resource => resource.AddService(ServerInfo.Name, serviceVersion: ServerInfo.Version))
        .WithMetrics(metrics => metrics
        .AddMeter(ServingMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
        .AddPrometheusExporter());

    public static void UseRest(this WebApplication app)
    {
        app.UseResponseCompression();
        app.UseStatusCodePages(context => RestError.WriteStatusAsync(context.HttpContext));
        app.UseMiddleware<RestErrorMiddleware>();
        app.UseRequestDecompression();
        app.UseRouting();
    }

    public static void MapGrpcInference(this WebApplication app)
    {
        app.MapGrpcService<InferenceGrpcService>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
    }

    public static void MapDocumentation(this WebApplication app)
    {
        app.MapOpenApi();
        app.MapScalarApiReference();
    }
}
