using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Embedding;

public class GatherTests
{
    private const int Rows = 50;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 64)]
    [InlineData(3, 7)]
    public void Gather_AnyAxis_CopiesRows(int outer, int width)
    {
        var data = TestNumbers.Floats(1, outer * Rows * width);
        long[] indices = [.. TestNumbers.Bytes(2, 333).Select(value => (value % (2 * Rows)) - (long)Rows)];
        var expected = ReferenceEmbedding.Gather(data, indices, outer, Rows, width);
        foreach (var parts in (int[])[1, 2])
        {
            Assert.Equal(expected, Run(data, indices, outer, width, DataType.Int64, parts));
            Assert.Equal(expected, Run(data, indices.Select(index => (int)index).ToArray(), outer, width, DataType.Int32, parts));
        }
    }

    [Fact]
    public void Gather_IndexOutOfRange_GivesZerosAndReportsItOnce()
    {
        using var data = GuardedBuffer.Of<float>(TestNumbers.Floats(1, Rows));
        using var indices = GuardedBuffer.Of<long>([0, Rows, -Rows - 1, long.MinValue, long.MaxValue, 1]);
        using var output = GuardedBuffer.Of<float>([9, 9, 9, 9, 9, 9]);
        var problem = new GatherProblem(1, Rows, 6, sizeof(float));
        var kernel = Gather.Bind(problem, DataType.Int64, data.Address, indices.Address, output.Address);
        kernel.Run(0, 1);
        Assert.Equal([data.Span<float>()[0], 0, 0, 0, 0, data.Span<float>()[1]], output.Span<float>().ToArray());
        Assert.True(kernel.TakeFault());
        Assert.False(kernel.TakeFault());
    }

    [Fact]
    public void FirstOutOfRange_NamesThePosition()
    {
        Assert.Equal(-1, Gather.FirstOutOfRange([0L, 49, -50], Rows));
        Assert.Equal(1, Gather.FirstOutOfRange([0L, 50, -51], Rows));
        Assert.Equal(2, Gather.FirstOutOfRange([0, 49, -51], Rows));
        Assert.Equal(-1, Gather.FirstOutOfRange(ReadOnlySpan<int>.Empty, Rows));
    }

    private static float[] Run<TIndex>(float[] data, TIndex[] indices, int outer, int width, DataType type, int parts)
        where TIndex : unmanaged
    {
        using var from = GuardedBuffer.Of<float>(data);
        using var picks = GuardedBuffer.Of<TIndex>(indices);
        using var output = new GuardedBuffer(outer * indices.Length * width * sizeof(float));
        var kernel = Gather.Bind(
            new GatherProblem(outer, Rows, indices.Length, width * sizeof(float)), type, from.Address, picks.Address, output.Address);
        KernelRun.All(kernel, parts);
        Assert.False(kernel.TakeFault());
        return output.Span<float>().ToArray();
    }
}
