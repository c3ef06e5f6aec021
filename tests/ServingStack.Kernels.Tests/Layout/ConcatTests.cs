using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Layout;

public class ConcatTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Concat_AnyAxis_LaysTensorsSideBySide(int axis)
    {
        long[][] shapes = [[3, 4, 5], [3, 4, 5], [3, 4, 5]];
        (shapes[1][axis], shapes[2][axis]) = (1, 7);
        var inputs = shapes.Select((shape, i) => TestNumbers.Floats(i, TestNumbers.Count(shape))).ToArray();
        var expected = ReferenceLayout.Concat(inputs, shapes, axis);

        var joined = KernelRun.Of<float, float>(inputs, expected.Length, (x, y) => Concat.Bind(DataType.Float32, x, shapes, axis, y));
        Assert.Equal(expected, joined);
        Assert.Equal(inputs, Split(joined, shapes, axis));
    }

    [Fact]
    public void Concat_ShapesThatDifferElsewhere_AreRefused()
    {
        var e = Assert.Throws<ArgumentException>(() => Concat.Bind(DataType.Float32, [0, 0], [[2, 3], [2, 4]], 0, 0));
        Assert.Contains("[2, 4]", e.Message);
    }

    private static float[][] Split(float[] whole, long[][] shapes, int axis)
    {
        using var input = GuardedBuffer.Of<float>(whole);
        var outputs = shapes.Select(shape => GuardedBuffer.Of<float>(new float[TestNumbers.Count(shape)])).ToArray();
        KernelRun.All(Concat.BindSplit(DataType.Float32, input.Address, [.. outputs.Select(o => o.Address)], shapes, axis), 1);
        var values = outputs.Select(output => output.Span<float>().ToArray()).ToArray();
        foreach (var output in outputs) output.Dispose();
        return values;
    }
}
