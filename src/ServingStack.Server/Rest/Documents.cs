using System.ComponentModel;
using System.Text.Json;

namespace ServingStack.Server.Rest;

[Description("What the server is.")]
internal sealed record ServerDocument(string Name, string Version, IReadOnlyList<string> Extensions);

[Description("Whether the process runs.")]
internal sealed record LiveDocument(bool Live);

[Description("Whether requests are taken.")]
internal sealed record ReadyDocument(bool Ready);

[Description("Whether a model takes requests, and if not, why.")]
internal sealed record ModelReadyDocument(string Name, bool Ready, string? Reason);

[Description("The names of all models, those that could not be loaded included.")]
internal sealed record ModelListDocument(IReadOnlyList<string> Models);

[Description("One version of a model, and what became of it.")]
internal sealed record ModelIndexDocument(
    string Name, string Version, [property: Description("READY, LOADING, UNLOADING or UNAVAILABLE")] string State, string Reason);

[Description("An input or output of a model.")]
internal sealed record TensorDocument(
    string Name, string Datatype, [property: Description("-1 where the extent is variable")] long[] Shape);

[Description("What a model takes and gives.")]
internal sealed record ModelDocument(
    string Name, IReadOnlyList<string> Versions, string Platform,
    IReadOnlyList<TensorDocument> Inputs, IReadOnlyList<TensorDocument> Outputs,
    [property: Description("The ONNX file's metadata: lineage, accuracy, labels")] IReadOnlyDictionary<string, string> Properties);

// The records below describe the infer endpoint in the OpenAPI document; the endpoint itself reads and writes without them.

[Description("A tensor that is sent. Give data, or parameters.binary_data_size and the bytes behind the JSON.")]
internal sealed record InferInputDocument(
    string Name, long[] Shape, [property: Description("BOOL, UINT8 ... INT64, FP16, BF16, FP32 or FP64")] string Datatype,
    JsonElement? Parameters, [property: Description("Elements in row-major order, flat or nested as the shape")] JsonElement? Data);

[Description("An output that is asked for.")]
internal sealed record InferWantedDocument(
    string Name, [property: Description("binary_data: true for raw bytes behind the JSON; classification: K for the K largest as score:class:label")] JsonElement? Parameters);

[Description("An inference request of the Open Inference Protocol.")]
internal sealed record InferRequestDocument(
    string? Id, [property: Description("timeout (microseconds), binary_data_output")] JsonElement? Parameters,
    IReadOnlyList<InferInputDocument> Inputs,
    [property: Description("All outputs when left out")] IReadOnlyList<InferWantedDocument>? Outputs);

[Description("A tensor that comes back.")]
internal sealed record InferOutputDocument(
    string Name, string Datatype, long[] Shape, JsonElement? Parameters,
    [property: Description("Flat, row-major; NaN and infinities as strings")] JsonElement? Data);

[Description("The answer to an inference request.")]
internal sealed record InferResponseDocument(string ModelName, string ModelVersion, string? Id, IReadOnlyList<InferOutputDocument> Outputs);
