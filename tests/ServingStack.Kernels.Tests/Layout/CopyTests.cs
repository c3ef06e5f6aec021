using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Layout;

public class CopyTests
{
    public static TheoryData<long[], long[], long[], long[]> Slices => new()
    {
        { [10], [2], [3], [3] },
        { [10], [9], [-1], [10] },
        { [4, 6, 8], [1, 0, 2], [1, 1, 1], [2, 6, 5] },
        { [4, 6, 8], [3, 5, 7], [-1, -2, -3], [4, 3, 3] },
        { [2, 16, 9, 9], [0, 0, 0, 0], [1, 1, 2, 2], [2, 16, 5, 5] },
        { [2, 9, 9, 16], [0, 0, 0, 0], [1, 2, 2, 1], [2, 5, 5, 16] },
        { [3, 4], [0, 0], [1, 1], [0, 4] },
    };

    [Theory]
    [MemberData(nameof(Slices))]
    public void Slice_AnyStep_PicksEachElement(long[] shape, long[] starts, long[] steps, long[] sizes)
    {
        var x = TestNumbers.Floats(1, TestNumbers.Count(shape));
        var expected = ReferenceLayout.Slice(x, shape, starts, steps, sizes);
        foreach (var parts in (int[])[1, 3])
        {
            Assert.Equal(expected, KernelRun.Of<float, float>(
                x, expected.Length, (from, to) => Slice.Bind(DataType.Float32, from, shape, starts, steps, sizes, to), parts));
        }
    }

    [Fact]
    public void Slice_OutsideTheTensor_IsRefused()
    {
        var e = Assert.Throws<ArgumentException>(() => Slice.Bind(DataType.UInt8, 0, [5], [2], [2], [3], 0));
        Assert.Contains("axis 0 of length 5", e.Message);
    }

    [Theory]
    [InlineData(new long[] { 3, 1 }, new long[] { 2, 3, 4 })]
    [InlineData(new long[] { 1 }, new long[] { 5 })]
    [InlineData(new long[] { 2, 1, 7 }, new long[] { 2, 3, 7 })]
    public void Expand_AnyShape_RepeatsAsNumpy(long[] shape, long[] target)
    {
        var x = TestNumbers.Bytes(1, TestNumbers.Count(shape));
        var expected = ReferenceLayout.Expand(x, shape, target);
        var actual = KernelRun.Of<byte, byte>(x, expected.Length, (from, to) => Expand.Bind(DataType.UInt8, from, shape, target, to));
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData(new long[] { 3, 2 }, new long[] { 2, 3 })]
    [InlineData(new long[] { 5 }, new long[] { 1 })]
    [InlineData(new long[] { 2, 3, 4 }, new long[] { 3, 1, 2 })]
    public void Tile_AnyRepeats_RepeatsEachAxis(long[] shape, long[] repeats)
    {
        var x = TestNumbers.Floats(1, TestNumbers.Count(shape));
        var expected = ReferenceLayout.Tile(x, shape, repeats);
        Assert.Equal(expected, KernelRun.Of<float, float>(
            x, expected.Length, (from, to) => Expand.BindTile(DataType.Float32, from, shape, repeats, to)));
    }
}
