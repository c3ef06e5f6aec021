using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using ServingStack.Client;
using ServingStack.Tests.Shared;
using ModelMetadata = ServingStack.Client.ModelMetadata;

namespace ServingStack.EndToEnd.Support;

/// <summary>The models in <c>deploy/models</c>: inputs for them, and what ONNX Runtime answers on the same files.</summary>
internal static class SampleModels
{
    public const int Seed = 20260101;

    public static string Folder { get; } = Path.Combine(TestData.RepositoryRoot, "deploy", "models");

    public static IEnumerable<string> Names { get; } = [.. Directory.EnumerateDirectories(Folder).Select(Path.GetFileName).OfType<string>().Order()];

    public static string FileOf(string model) => Path.Combine(Folder, model, "1", "model.onnx");

    /// <summary>Seeded inputs of a model: pixels in [0, 1), categories below those that the file names, numbers of a plausible size.</summary>
    public static InferTensor[] Inputs(ModelMetadata model, int rows)
    {
        var random = new Random(Seed);
        return [.. model.Inputs.Select(input => Input(input, model.Properties, rows, random))];
    }

    /// <summary>The first output as ONNX Runtime computes it from the file.</summary>
    public static float[] OnnxRuntime(string model, IEnumerable<InferTensor> inputs)
    {
        using var session = new InferenceSession(FileOf(model));
        var values = inputs.ToDictionary(i => i.Name, ToOrtValue);
        using var options = new RunOptions();
        using var outputs = session.Run(options, values, session.OutputNames);
        foreach (var value in values.Values) value.Dispose();
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static InferTensor Input(TensorMetadata input, IReadOnlyDictionary<string, string> properties, int rows, Random random)
    {
        long[] shape = [rows, .. input.Shape.Skip(1)];
        var count = (int)shape.Aggregate((a, b) => a * b);
        if (input.Datatype.Name == "INT64")
        {
            var categories = JsonDocument.Parse(properties[input.Name]).RootElement.EnumerateObject().Select(p => p.Value.GetArrayLength()).ToArray();
            return InferTensor.From(input.Name, [.. Enumerable.Range(0, count).Select(i => random.NextInt64(categories[i % categories.Length]))], shape);
        }
        var largest = input.Name == "image" ? 1 : 50;
        return InferTensor.From(input.Name, [.. Enumerable.Range(0, count).Select(_ => largest * random.NextSingle())], shape);
    }

    private static OrtValue ToOrtValue(InferTensor tensor) => tensor.Datatype.Name == "INT64"
        ? OrtValue.CreateTensorValueFromMemory(tensor.As<long>().ToArray(), [.. tensor.Shape])
        : OrtValue.CreateTensorValueFromMemory(tensor.As<float>().ToArray(), [.. tensor.Shape]);
}
