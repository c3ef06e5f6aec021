using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Tests.Parallel;

public class PartRangeTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 64)]
    [InlineData(63, 64)]
    [InlineData(1000, 1)]
    [InlineData(1000, 64)]
    [InlineData(123_457, 256)]
    public void Of_AllParts_CoverEveryItemOnce(long count, int grain)
    {
        foreach (var parts in (int[])[1, 2, 3, 7, 16])
        {
            long next = 0;
            for (var part = 0; part < parts; part++)
            {
                var range = PartRange.Of(count, part, parts, grain);
                Assert.Equal(next, range.Start);
                Assert.True(range.End == count || range.End % grain == 0);
                next = range.End;
            }

            Assert.Equal(count, next);
        }
    }

    [Fact]
    public void MaxParts_LittleWork_IsOne()
    {
        Assert.Equal(1, PartRange.MaxParts(0, 0));
        Assert.Equal(1, PartRange.MaxParts(1000, 100));
        Assert.Equal(3, PartRange.MaxParts(3, 1 << 30));
    }
}
