using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Onnx;

/// <summary>
/// Whatever the bytes are, reading and inferring end with a graph or a <see cref="GraphLoadException"/>, soon and in little memory.
/// </summary>
public class OnnxReaderFuzzTests
{
    private const int Mutations = 4000;
    private const long MaxAllocation = 64 << 20;

    [Fact]
    public void Load_MutatedModel_GivesAGraphOrALoadError()
    {
        var original = Sample();
        for (var seed = 0; seed < Mutations; seed++) Survives(Mutate(original, new Random(seed), gently: seed % 2 == 1), seed);
    }

    [Fact]
    public void Load_TruncatedModel_GivesALoadError()
    {
        var original = Sample();
        for (var length = 0; length < original.Length; length += 3) Survives(original[..length], length);
        Assert.Throws<GraphLoadException>(() => OnnxReader.Load(original.AsMemory(0, original.Length - 1)));
    }

    [Fact]
    public void Load_RandomBytes_GiveALoadError()
    {
        for (var seed = 0; seed < 1000; seed++)
        {
            var bytes = new byte[seed];
            new Random(seed).NextBytes(bytes);
            Survives(bytes, seed);
        }
    }

    private static void Survives(byte[] bytes, int seed)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var graph = OnnxReader.Load(bytes);
            ShapeInference.Run(graph);
            Pipeline.Run(graph, new PipelineOptions { CheckInvariants = true });
        }
        catch (GraphLoadException)
        {
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed}: {e}");
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < MaxAllocation, $"seed {seed}: allocated {allocated} bytes");
    }

    /// <summary>
    /// Odd seeds flip a bit or two, low ones only, so that many results are still well-formed; even ones overwrite bytes.
    /// </summary>
    private static byte[] Mutate(byte[] original, Random random, bool gently)
    {
        var bytes = original.ToArray();
        for (var i = random.Next(1, gently ? 3 : 6); i > 0; i--)
        {
            ref var b = ref bytes[random.Next(bytes.Length)];
            b = gently ? (byte)(b ^ (1 << random.Next(7))) : (byte)random.Next(256);
        }
        return bytes;
    }

    /// <summary>Small, but with every kind of thing in it: convolutions, shape computations, quantization, a subgraph.</summary>
    private static byte[] Sample()
    {
        var b = new GraphBuilder();
        var x = b.Input("x", "N", 2, 4, 4);
        var pads = new AttributeMap { ["pads"] = new long[] { 1, 1, 1, 1 } };
        var y = b.Op("Relu", b.Op("BatchNormalization", b.Op("Conv", pads, x, b.Weights(2, 2, 3, 3)), b.Weights(2), b.Weights(2),
            b.Weights(2), b.Positive(2)));
        y = b.Qdq(b.Op("Conv", pads, b.Qdq(y, 0.1f, 3), b.QuantizedWeights(2, 2, 3, 3), b.QuantizedBias(2, 0.1f)), 0.2f, 100);
        y = b.Op("MaxPool", new AttributeMap { ["kernel_shape"] = new long[] { 2, 2 } }, y);
        var rows = b.Op("Unsqueeze", b.Op("Gather", b.Op("Shape", y), b.Graph.AddConstant(Tensor.Scalar(0L))), b.Integers(0));
        y = b.Op("Reshape", y, b.Op("Concat", new AttributeMap { ["axis"] = 0L }, rows, b.Integers(-1)));
        y = b.Op("Slice", b.Op("Transpose", new AttributeMap { ["perm"] = new long[] { 1, 0 } }, y), b.Integers(0), b.Integers(9),
            b.Integers(0), b.Integers(2));
        y = b.Op("Pad", b.Op("Expand", y, b.Integers(1, 1)), b.Integers(0, 1, 0, 1), b.Float(0));
        var (then, otherwise) = (Branch(b.Graph, y, "Relu"), Branch(b.Graph, y, "Neg"));
        var condition = b.Op("Less", b.Op("ReduceSum", new AttributeMap { ["keepdims"] = 0L }, y), b.Float(0));
        return OnnxWriter.ToBytes(b.Output(b.Op("If", new AttributeMap { ["then_branch"] = then, ["else_branch"] = otherwise },
            condition)));
    }

    private static Graph Branch(Graph outer, Value captured, string opType)
    {
        var branch = outer.NewSubgraph(opType);
        branch.Outputs.Add(branch.Add(opType, captured));
        return branch;
    }
}
