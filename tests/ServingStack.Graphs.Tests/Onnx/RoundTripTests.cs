using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Tests.Support;
using ServingStack.Tests.Shared;

namespace ServingStack.Graphs.Tests.Onnx;

public class RoundTripTests
{
    public static TheoryData<string> Models { get; } = new(
        "cifar10-models/resnet20_cifar10.onnx", "imagenet/squeezenet1.1.onnx", "imagenet/mobilenet_v1_0.25_224.onnx",
            "imagenet/mobilenet_v2_1.0_int8_qdq.onnx",
        "recommender-models/ncf_gmf8_ml1m.onnx", "recommender-models/ncf_mlp_64-32-16-8_ml1m.onnx",
            "sequence-models/date_seq2seq_encoder.onnx",
        "sequence-models/date_seq2seq_decoder.onnx", "sequence-models/silero_vad_16k_op15.onnx");

    [DataTheory]
    [MemberData(nameof(Models))]
    public void Model_WrittenAndReadAgain_PrintsTheSame(string file)
    {
        var graph = OnnxReader.Load(TestData.Path(file));
        var again = OnnxReader.Load(OnnxWriter.ToBytes(graph));
        Assert.Equal(GraphPrinter.Print(graph), GraphPrinter.Print(again));
    }

    [DataTheory]
    [MemberData(nameof(Models))]
    public void Model_Written_GivesOnnxRuntimeTheSameResults(string file)
    {
        var path = TestData.Path(file);
        var graph = OnnxReader.Load(path);
        var inputs = RandomTensors.ForInputs(graph, seed: 7, batch: 1, length: 576);
        var expected = OrtRunner.Run(File.ReadAllBytes(path), inputs);
        var actual = OrtRunner.Run(graph, inputs);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Dimensions, actual[i].Dimensions);
            Assert.Equal(expected[i].Bytes.ToArray(), actual[i].Bytes.ToArray());
        }
    }
}
