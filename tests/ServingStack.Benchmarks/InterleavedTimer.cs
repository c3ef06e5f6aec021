using System.Diagnostics;

namespace ServingStack.Benchmarks;

/// <summary>
/// Times contenders in turns, a slice each, and keeps the best slice of each: what disturbs the machine for a while disturbs all of them.
/// </summary>
internal static class InterleavedTimer
{
    private const double SliceSeconds = 0.002;

    /// <summary>The best seconds per call of each contender, after <paramref name="seconds"/> of turns.</summary>
    public static double[] Best(double seconds, params Action[] contenders)
    {
        var calls = Array.ConvertAll(contenders, CallsPerSlice);
        var best = new double[contenders.Length];
        Array.Fill(best, double.PositiveInfinity);
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 5 || clock.Elapsed.TotalSeconds < seconds; round++)
            for (var i = 0; i < contenders.Length; i++)
                best[i] = Math.Min(best[i], Seconds(contenders[i], calls[i]) / calls[i]);
        return best;
    }

    private static int CallsPerSlice(Action contender)
    {
        for (var calls = 1; ; calls *= 2)
        {
            var seconds = Seconds(contender, calls);
            if (seconds >= SliceSeconds / 2) return (int)Math.Max(1, calls * SliceSeconds / seconds);
        }
    }

    private static double Seconds(Action contender, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) contender();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
