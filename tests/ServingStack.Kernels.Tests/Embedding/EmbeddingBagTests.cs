using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Embedding;

public class EmbeddingBagTests
{
    private const int Rows = 40;

    [Theory]
    [InlineData(1, 3)]
    [InlineData(16, 1)]
    [InlineData(63, 5)]
    [InlineData(64, 20)]
    [InlineData(200, 4)]
    [InlineData(8, 0)]
    public void EmbeddingBag_AnyWidth_AddsRowsInOrder(int width, int perBag)
    {
        const int Bags = 7;
        var table = TestNumbers.Floats(1, Rows * width);
        long[] indices = [.. TestNumbers.Bytes(2, Bags * perBag).Select(value => (value % (2 * Rows)) - (long)Rows)];
        foreach (var mean in (bool[])[false, true])
        {
            var expected = ReferenceEmbedding.Bag(table, indices, Rows, width, Bags, mean);
            Check(expected, fault: false, table, indices, width, DataType.Int64, mean);
            Check(expected, fault: false, table, indices.Select(index => (int)index).ToArray(), width, DataType.Int32, mean);
        }
    }

    [Fact]
    public void EmbeddingBag_IndexOutOfRange_AddsNothingAndIsReported()
    {
        var table = TestNumbers.Floats(1, Rows * 2);
        Check<long>(table[2..4], fault: true, table, [1, Rows, long.MinValue], 2, DataType.Int64, mean: false);
    }

    private static void Check<TIndex>(
        float[] expected, bool fault, float[] table, TIndex[] indices, int width, DataType type, bool mean)
        where TIndex : unmanaged
    {
        using var from = GuardedBuffer.Of<float>(table);
        using var picks = GuardedBuffer.Of<TIndex>(indices);
        using var output = new GuardedBuffer(expected.Length * sizeof(float));
        var bags = expected.Length / width;
        var problem = new EmbeddingBagProblem(Rows, width, bags, indices.Length / bags);
        var kernel = EmbeddingBag.Bind(problem, type, mean, from.Address, picks.Address, output.Address);
        KernelRun.All(kernel, 3);
        Assert.Equal(expected, output.Span<float>().ToArray());
        Assert.Equal(fault, kernel.TakeFault());
    }
}
