using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Machine;

public class ThreadScratchTests
{
    [Fact]
    public void Take_OfNoMoreThanBefore_GivesTheSameMemory()
    {
        var first = ThreadScratch.Take(1 << 20);
        Assert.Equal(first, ThreadScratch.Take(1000));
        Assert.Equal(first, ThreadScratch.Take(1 << 20));
        Assert.Equal(0, first % NativeBuffer.Alignment);
    }

    [Fact]
    public void Take_OnTwoThreads_GivesEachItsOwn()
    {
        var mine = ThreadScratch.Take(100);
        nint others = 0;
        var thread = new Thread(() => others = ThreadScratch.Take(100));
        thread.Start();
        thread.Join();
        Assert.NotEqual(mine, others);
    }
}
