using ServingStack.Kernels.Layout;

namespace ServingStack.Kernels.Tests.Layout;

public class IterationSpaceTests
{
    [Fact]
    public void Create_SameShape_IsOneRow()
    {
        var space = Broadcast([2, 3, 4], [2, 3, 4], [2, 3, 4]);
        Assert.Equal([24], space.Sizes);
        Assert.Equal((1L, 1L), (space.RowStride(0), space.RowStride(1)));
    }

    [Fact]
    public void Create_ChannelVector_KeepsPixelsAndChannels()
    {
        var space = Broadcast([2, 5, 5, 8], [2, 5, 5, 8], [8]);
        Assert.Equal([50, 8], space.Sizes);
        Assert.Equal([0, 1], space.Strides(1).ToArray());
    }

    [Fact]
    public void Create_Scalar_StandsStill()
    {
        var space = Broadcast([6, 7], [6, 7], []);
        Assert.Equal([42], space.Sizes);
        Assert.Equal((1L, 0L), (space.RowStride(0), space.RowStride(1)));
    }

    [Fact]
    public void Cursor_FromAnyRow_KnowsTheOffsetsOfTheRowsAfterIt()
    {
        var space = Broadcast([3, 4, 5, 6], [3, 1, 5, 1], [4, 1, 6]);
        for (long first = 0; first < space.Rows; first++)
        {
            var walking = new Cursor(space, first);
            for (var row = first; row < space.Rows; row++, walking.Next(space))
            {
                var fresh = new Cursor(space, row);
                Assert.Equal((fresh.Offset(0), fresh.Offset(1)), (walking.Offset(0), walking.Offset(1)));
            }
        }
    }

    private static IterationSpace Broadcast(long[] target, long[] a, long[] b) =>
        IterationSpace.Create(target, IterationSpace.BroadcastStrides(a, target), IterationSpace.BroadcastStrides(b, target));
}
