using ServingStack.Serving.Batching;

namespace ServingStack.Serving.Tests.Batching;

public sealed class BatchSizesTests
{
    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(7, new[] { 1, 2, 3, 4, 6, 7 })]
    [InlineData(16, new[] { 1, 2, 3, 4, 6, 8, 12, 16 })]
    public void UpTo_MaxRows_EndsWithIt(int maxRows, int[] expected) => Assert.Equal(expected, BatchSizes.UpTo(maxRows));

    [Fact]
    public void For_EveryRowCount_WastesLessThanHalfOfIt()
    {
        var sizes = BatchSizes.UpTo(100);
        for (var rows = 1; rows <= 100; rows++)
        {
            var size = BatchSizes.For(rows, sizes);
            Assert.InRange(size, rows, rows * 3 / 2);
        }
    }

    [Fact]
    public void For_MoreThanTheLargest_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => BatchSizes.For(5, [1, 2, 4]));
}
