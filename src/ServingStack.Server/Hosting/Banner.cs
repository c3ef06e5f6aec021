using System.Text;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Server.Options;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Hosting;

/// <summary>What the server prints once it is up: where it listens, what it serves, and a request to try.</summary>
internal static class Banner
{
    // What still reads well on a command line.
    private const int MostInlineElements = 64;

    private const string NoModels = "  no models yet: put NAME/1/model.onnx there, it is taken up while the server runs";

    /// <param name="addresses">REST first, then gRPC, as they were bound.</param>
    public static string Write(ModelRepository repository, ServerOptions options, IReadOnlyList<string> addresses)
    {
        var text = new StringBuilder();
        var rest = addresses.Count > 0 ? addresses[0].Replace("//0.0.0.0", "//127.0.0.1", StringComparison.Ordinal) : "";
        text.AppendLine($"ServingStack {ServerInfo.Version} serves {options.ModelRepository}");
        text.AppendLine($"  REST     {(addresses.Count > 0 ? addresses[0] : "nowhere")}   (try {rest}/scalar, {rest}/metrics)");
        text.AppendLine($"  gRPC     {addresses.Skip(1).FirstOrDefault()}");
        text.AppendLine(repository.Statuses.Count == 0 ? NoModels : "  models");
        foreach (var status in repository.Statuses)
            text.AppendLine($"    {status.Model,-28} {status.Version,3}  {status.State,-12} {About(repository, status)}");
        if (FirstReady(repository) is { } model) text.AppendLine($"Try:  {Curl(repository, model, rest, options.ModelRepository)}");
        return text.ToString();
    }

    /// <summary>
    /// A request that works as it stands: the model's own <c>sample_request.json</c> where it has one, else zeros, in the
    /// command when they are few.
    /// </summary>
    internal static string Curl(ModelRepository repository, string name, string rest, string folder)
    {
        var url = $"{rest}/v2/models/{name}/infer";
        var sample = Path.Combine(folder, name, "sample_request.json");
        if (File.Exists(sample)) return $"curl -s {url} -d @{Path.GetRelativePath(Environment.CurrentDirectory, sample)}";
        using var lease = repository.Acquire(name, null, out _);
        if (lease?.Model.Signature is not { } signature || !signature.OnlyBatchIsOpen) return $"curl -s {rest}/v2/models/{name}";
        var counts = signature.Inputs.Select(ElementsOfRow).ToArray();
        if (counts.Sum() <= MostInlineElements) return $"curl -s {url} -d '{InlineRequest(signature.Inputs)}'";
        return signature.Inputs.Count == 1
            ? $"head -c {signature.Inputs[0].ElementType.BytesFor(counts[0])} /dev/zero | curl -s {url} "
                + "-H 'Inference-Header-Content-Length: 0' --data-binary @- | head -c 300"
            : $"curl -s {rest}/v2/models/{name}";
    }

    private static string InlineRequest(IEnumerable<TensorSpec> inputs) =>
        $$"""{"inputs":[{{string.Join(",", inputs.Select(InlineInput))}}]}""";

    private static string InlineInput(TensorSpec spec)
    {
        var data = Enumerable.Repeat(spec.ElementType == ElementType.Bool ? "false" : "0", (int)ElementsOfRow(spec));
        var (datatype, shape) = (Datatype.NameOf(spec.ElementType), string.Join(",", RowOf(spec)));
        return $$"""{"name":"{{spec.Name}}","datatype":"{{datatype}}","shape":[{{shape}}],"data":[{{string.Join(",", data)}}]}""";
    }

    private static IEnumerable<long> RowOf(TensorSpec spec) => spec.Shape.Select(d => d.IsFixed ? d.Value : 1);

    private static long ElementsOfRow(TensorSpec spec) => RowOf(spec).Aggregate(1L, (a, b) => a * b);

    private static string About(ModelRepository repository, ModelStatus status)
    {
        if (status.State != ModelState.Ready) return status.Reason;
        using var lease = repository.Acquire(status.Model, $"{status.Version}", out _);
        if (lease?.Model is not { } model) return status.Reason;
        var batching = model.Signature.Batches ? $"batches up to {model.Signature.MaxRows}" : "no batch extent";
        return $"{model.Platform}, {model.Instances} instances, {batching}. {status.Reason}";
    }

    private static string? FirstReady(ModelRepository repository) =>
        repository.Statuses.FirstOrDefault(s => s.State == ModelState.Ready)?.Model;
}
