namespace ServingStack.Tests.Shared;

/// <summary>What a piece of code allocates.</summary>
internal static class Allocations
{
    private const int Rounds = 3;

    /// <summary>
    /// Asserts that code allocates nothing on this thread. The runtime itself does now and then, when it exchanges a method's code or resolves
    /// a call for the first time; code of ours would in every round.
    /// </summary>
    public static void AssertNone(Action code) => Assert.Contains(0, Enumerable.Range(0, Rounds).Select(_ => BytesOf(code)));

    private static long BytesOf(Action code)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        code();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
