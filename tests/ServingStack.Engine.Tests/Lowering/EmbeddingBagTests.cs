using System.Runtime.InteropServices;
using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>Pooled lookups run as embedding bags of ours and give what ONNX Runtime gives; an index outside its table is refused.</summary>
public class EmbeddingBagTests
{
    private const int Rows = 50;
    private const int Seed = 17;

    [Theory]
    [InlineData("ReduceSum", 20, false, false)]
    [InlineData("ReduceMean", 64, true, false)]
    [InlineData("ReduceSum", 7, false, true)]
    public void Bag_OfFloats_AgreesWithOnnxRuntime(string opType, int width, bool keepsAxis, bool half)
    {
        var graph = new Graph("bag");
        var numbers = Tensors.Floats(new Random(Seed), Rows, width);
        if (half) numbers = Tensor.From<float>(Array.ConvertAll(numbers.As<float>().ToArray(), x => (float)(Half)x), Rows, width);
        Finish(graph, Pool(graph, opType, keepsAxis, graph.Add("Gather", graph.AddConstant(numbers), Ids(graph))));
        Assert.Contains(half ? "rows of Float16" : "rows of Float32", Run(graph), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ElementType.UInt8, true, true, "ReduceSum")]
    [InlineData(ElementType.Int8, true, true, "ReduceMean")]
    [InlineData(ElementType.Int8, true, false, "ReduceSum")]
    [InlineData(ElementType.UInt8, false, true, "")]
    [InlineData(ElementType.Int8, false, false, "ReduceSum")]
    [InlineData(ElementType.UInt8, false, false, "")]
    public void Bag_OfBytes_AgreesWithOnnxRuntime(ElementType type, bool inFront, bool byRow, string opType)
    {
        var random = new Random(Seed);
        var graph = new Graph("bag");
        var table = graph.AddConstant(Tensors.Random(random, type, Rows, 24));
        byRow &= inFront;
        var scales = Enumerable.Range(0, byRow ? Rows : 1).Select(i => 0.01f * (1 + (i % 5))).ToArray();
        long[] extents = byRow ? [Rows] : [];
        var scale = graph.AddConstant(Tensor.From<float>(scales, extents));
        var zeros = graph.AddConstant(new Tensor(type, extents, Enumerable.Range(0, scales.Length).Select(i => (byte)(i * 3)).ToArray()));
        Value Dequantized(Value x) => graph.Add("DequantizeLinear", new AttributeMap { ["axis"] = byRow ? 0L : 1L }, x, scale, zeros);
        var rows = inFront ? graph.Add("Gather", Dequantized(table), Ids(graph)) : Dequantized(graph.Add("Gather", table, Ids(graph)));
        Finish(graph, opType.Length == 0 ? rows : Pool(graph, opType, false, rows));
        Assert.Contains("rows of Int8", Run(graph), StringComparison.Ordinal);
    }

    [Fact]
    public void Bag_IndexOutsideItsTable_IsRefusedByNameAndByTheRun()
    {
        var graph = new Graph("bag");
        var rows = graph.Add("Gather", graph.AddConstant(Tensors.Floats(new Random(Seed), Rows, 8)), Ids(graph));
        Finish(graph, Pool(graph, "ReduceSum", false, rows));
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        long[] ids = [0, 1, 2, Rows];
        var error = Assert.Throws<InputException>(() => model.CheckInput(0, MemoryMarshal.AsBytes(ids.AsSpan())));
        Assert.Contains("'ids' holds 50 at element 3", error.Message, StringComparison.Ordinal);

        using var session = model.CreateSession();
        var plan = session.PlanForBatch(1);
        MemoryMarshal.AsBytes(ids.AsSpan()).CopyTo(plan.Input(0));
        Assert.Throws<InputException>(plan.Run);
    }

    private static string Run(Graph graph)
    {
        var random = new Random(Seed);
        var ids = Enumerable.Range(0, 12).Select(_ => (long)random.Next(-Rows, Rows)).ToArray();
        var dump = Oracle.AssertEqual(graph, [Tensor.From<long>(ids, 3, 4)], tolerance: 1e-5f);
        Assert.Contains(MachineFeatures.Current.InstructionSet >= InstructionSet.Avx512Bw ? "embeddingbag_avx512" : "embeddingbag_managed",
            dump, StringComparison.Ordinal);
        return dump;
    }

    private static Value Ids(Graph graph) => graph.AddInput("ids", ElementType.Int64, new Shape(Dimension.Named("batch"), 4));

    private static Value Pool(Graph graph, string opType, bool keepsAxis, Value rows) => graph.Add(
        opType, new AttributeMap { ["keepdims"] = keepsAxis ? 1L : 0L }, rows, graph.AddConstant(Tensor.From<long>([1], 1)));

    private static void Finish(Graph graph, Value y)
    {
        graph.Outputs.Add(y);
        ShapeInference.Run(graph);
    }
}
