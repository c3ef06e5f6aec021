using System.Diagnostics;

namespace ServingStack.Benchmarks;

/// <summary>
/// Times contenders in turns, a slice each, and keeps the best slice of each: what disturbs the machine for a while disturbs all of them.
/// </summary>
internal static class InterleavedTimer
{
    private const double SliceSeconds = 0.002;

    // The runtime compiles a method again, better, tenths of a second after it has become busy.
    private const double WarmSeconds = 0.3;

    /// <summary>The best seconds per call of each contender, after <paramref name="seconds"/> of turns; null for one that is missing.</summary>
    public static double?[] Best(double seconds, params Action?[] contenders)
    {
        if (seconds > 0 && contenders[0] is { } ours) Warm(ours);
        var calls = Array.ConvertAll(contenders, contender => contender is null ? 0 : CallsPerSlice(contender));
        var best = new double?[contenders.Length];
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 5 || clock.Elapsed.TotalSeconds < seconds; round++)
            for (var i = 0; i < contenders.Length; i++)
                if (contenders[i] is { } contender)
                    best[i] = Math.Min(best[i] ?? double.PositiveInfinity, Seconds(contender, calls[i]) / calls[i]);
        return best;
    }

    private static void Warm(Action contender)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < WarmSeconds) contender();
    }

    private static int CallsPerSlice(Action contender)
    {
        // The first call also compiles.
        contender();
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
