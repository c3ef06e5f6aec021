using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using ServingStack.Server.Hosting;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Repository;

namespace ServingStack.Server.Rest;

/// <summary>The Open Inference Protocol's REST paths, the list of models, and the repository index as other servers have it.</summary>
internal static class RestEndpoints
{
    public static void MapInferenceProtocol(this WebApplication app)
    {
        var v2 = app.MapGroup("/v2").WithTags("Open Inference Protocol");
        v2.MapGet("/", () => new ServerDocument(ServerInfo.Name, ServerInfo.Version, ServerInfo.Extensions))
            .WithSummary("What this server is");
        v2.MapGet("/health/live", () => new LiveDocument(true)).WithSummary("Whether the process runs");
        v2.MapGet("/health/ready", (ModelRepository r) => Results.Json(new ReadyDocument(r.IsReady), statusCode: r.IsReady ? 200 : 503))
            .WithSummary("Whether requests are taken").Produces<ReadyDocument>().Produces<ReadyDocument>(503);
        v2.MapGet("/models", (ModelRepository r) => new ModelListDocument([.. r.Models])).WithSummary("The models");
        v2.MapPost("/repository/index", (ModelRepository r) => r.Statuses.Select(Index)).WithSummary("All versions and what became of them")
            .Produces<IEnumerable<ModelIndexDocument>>();
        foreach (var path in new[] { "/models/{model}", "/models/{model}/versions/{version}" }) MapModel(v2, path);
    }

    private static void MapModel(RouteGroupBuilder group, string path)
    {
        group.MapGet(path, (ModelRepository r, string model, string? version) => Metadata(r, model, version))
            .WithSummary("What a model takes and gives").Produces<ModelDocument>().Refuses(404, 503);
        group.MapGet(path + "/ready", (ModelRepository r, string model, string? version) => Ready(r, model, version))
            .WithSummary("Whether a model takes requests").Produces<ModelReadyDocument>().Produces<ModelReadyDocument>(503).Refuses(404);
        group.MapPost(path + "/infer", (HttpContext http, InferEndpoint infer, string model, string? version) =>
            infer.HandleAsync(http, model, version))
            .WithSummary("Runs a model").AddOpenApiOperationTransformer(DescribeRequestAsync)
            .Produces<InferResponseDocument>(200, "application/json", "application/octet-stream")
            .Refuses(400, 404, 413, 429, 500, 501, 503, 504);
    }

    private static ModelDocument Metadata(ModelRepository repository, string model, string? version)
    {
        using var lease = repository.Acquire(model, version, out var error) ?? throw new ServingException(error!);
        var found = lease.Model;
        return new(model, [.. repository.ReadyVersions(model).Select(v => $"{v}")], found.Platform,
            [.. found.Signature.Inputs.Select(TensorFormat.Describe)], [.. found.Signature.Outputs.Select(TensorFormat.Describe)],
            found.Metadata);
    }

    private static IResult Ready(ModelRepository repository, string model, string? version)
    {
        using var lease = repository.Acquire(model, version, out var error);
        if (error?.Kind == ServingErrorKind.NotFound) throw new ServingException(error);
        return Results.Json(new ModelReadyDocument(model, lease is not null, error?.Message), statusCode: lease is null ? 503 : 200);
    }

    private static ModelIndexDocument Index(ModelStatus status) =>
        new(status.Model, $"{status.Version}", status.State.ToString().ToUpperInvariant(), status.Reason);

    /// <summary>
    /// Described here and not by <c>Accepts</c>, which would refuse a body whose Content-Type is not stated, as curl sends it.
    /// </summary>
    private static async Task DescribeRequestAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(InferRequestDocument), null, cancellation).ConfigureAwait(false);
        context.Document!.AddComponent(nameof(InferRequestDocument), schema);
        var body = new OpenApiMediaType { Schema = new OpenApiSchemaReference(nameof(InferRequestDocument), context.Document) };
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Description = "JSON; or JSON of the length in the header Inference-Header-Content-Length, with binary tensors behind it.",
            Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = body, ["application/octet-stream"] = body },
        };
    }

    private static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses) endpoint.Produces<ErrorDocument>(status);
        return endpoint;
    }
}
