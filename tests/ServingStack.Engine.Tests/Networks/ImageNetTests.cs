using System.IO.Compression;
using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Shared;

namespace ServingStack.Engine.Tests.Networks;

public class ImageNetTests
{
    [DataTheory]
    [InlineData("squeezenet1.1.onnx", 227)]
    [InlineData("mobilenet_v1_0.25_224.onnx", 224)]
    public void Run_RandomImage_AgreesWithOnnxRuntime(string file, int size)
    {
        var graph = OnnxReader.Load(TestData.Path("imagenet", file));

        Oracle.AssertEqual(graph, [Tensors.Floats(new Random(1), 1, 3, size, size)]);
    }

    /// <summary>
    /// The network's outputs move by whole quantization steps between ONNX Runtime's own optimization levels. The meaning of the file is what
    /// quantizing and dequantizing in floats gives; integers must stay as near to it as ONNX Runtime's integers do.
    /// </summary>
    [DataTheory]
    [InlineData("test_data_set_0")]
    [InlineData("test_data_set_upstream")]
    public void Run_QuantizedMobileNet_IsAsNearToTheFloatMeaningAsOnnxRuntime(string vectors)
    {
        var path = TestData.Path("imagenet", "mobilenet_v2_1.0_int8_qdq.onnx");
        var input = ReadVector($"mobilenet_v2_1.0_int8_qdq/{vectors}/input_0.pb");

        var unfused = Run(path, new EngineOptions { DisabledPasses = new HashSet<string> { "FuseQuantizedResidual" } }, input);
        var ours = Run(path, new EngineOptions(), input);
        var theirs = Run(path, new EngineOptions { ForceOnnxRuntime = true }, input);
        var meaning = Run(path, new EngineOptions { DisabledPasses = new HashSet<string> { "RecognizeQuantized" } }, input);

        Assert.InRange(Distance(unfused, meaning), 0, 1.1 * Distance(theirs, meaning));
        // A residual that is added before rounding skips a rounding that the file asks for.
        Assert.InRange(Distance(ours, meaning), 0, 2 * Distance(theirs, meaning));
        Assert.Equal(Array.IndexOf(meaning, meaning.Max()), Array.IndexOf(ours, ours.Max()));
    }

    private static float[] Run(string path, EngineOptions options, Tensor input)
    {
        using var model = CompiledModel.Load(path, options);
        using var session = model.CreateSession();
        if (!options.ForceOnnxRuntime) Assert.Equal(0, session.PlanFor([input.Dimensions]).FallbackSteps);
        return session.Run(input)[0].As<float>().ToArray();
    }

    /// <summary>Root of the mean square.</summary>
    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Average());

    private static Tensor ReadVector(string entry)
    {
        using var archive = ZipFile.OpenRead(TestData.Path("imagenet", "vectors.zip"));
        using var stream = archive.GetEntry(entry)!.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return TensorFile.Read(bytes.ToArray());
    }
}
