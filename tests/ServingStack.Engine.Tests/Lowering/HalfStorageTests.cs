using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Tests.Lowering;

/// <summary>Layers whose weights were stored in 16 bits keep them so for few rows; the results are those of fp32.</summary>
public class HalfStorageTests
{
    private const int Columns = 530;

    private static int Depth => (MachineFeatures.Current.Caches.L2 / (Columns * sizeof(float))) + 7;

    [Theory]
    [InlineData(ElementType.Float16, 3, "gemm_fp16w_")]
    [InlineData(ElementType.BFloat16, 3, "gemm_bf16w_")]
    [InlineData(ElementType.Float16, 40, "gemm_fp32_")]
    [InlineData(ElementType.Float32, 3, "gemm_fp32_")]
    public void MatMul_OfWeightsThatCameFromHalves_ReadsHalves(ElementType stored, int rows, string kernel)
    {
        var random = new Random(rows);
        var graph = new Graph("product");
        var a = graph.AddInput("a", ElementType.Float32, Shape.Of(rows, Depth));
        var c = graph.Add("MatMul", a, graph.Add("Cast", new AttributeMap { ["to"] = (long)ElementType.Float32 }, Stored(graph, random, stored)));
        (c.ElementType, c.Shape) = (ElementType.Float32, Shape.Of(rows, Columns));
        graph.Outputs.Add(c);
        var dump = Oracle.AssertEqual(graph, [Tensors.Floats(random, rows, Depth)]);
        if (MachineFeatures.Current.InstructionSet >= InstructionSet.Avx512Bw) Assert.Contains(kernel, dump, StringComparison.Ordinal);
    }

    private static Value Stored(Graph graph, Random random, ElementType type)
    {
        var floats = Enumerable.Range(0, Depth * Columns).Select(_ => (random.NextSingle() * 2) - 1).ToArray();
        return graph.AddConstant(type switch
        {
            ElementType.Float16 => Tensor.From<Half>(Array.ConvertAll(floats, x => (Half)x), Depth, Columns),
            ElementType.BFloat16 => new Tensor(type, [Depth, Columns], Bytes(Array.ConvertAll(floats, x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16)))),
            _ => Tensor.From<float>(floats, Depth, Columns),
        });
    }

    private static byte[] Bytes(ushort[] halves)
    {
        var bytes = new byte[halves.Length * sizeof(ushort)];
        Buffer.BlockCopy(halves, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
