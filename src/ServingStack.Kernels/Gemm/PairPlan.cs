using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>For how many steps products of bytes are added up in 16 bits: not at all by default, a fixed number, or what pays.</summary>
internal readonly record struct PairPlan
{
    /// <summary>All intervals that there is code for.</summary>
    public static readonly int[] Intervals = [1, 2, 4, 8];

    /// <summary>As long as pays on this machine with the weights at hand.</summary>
    public static readonly PairPlan Longest = new(0, chooses: true);

    // With more outliers than this, adding them afterwards is no longer the exception.
    private const double MostOutliers = 0.05;

    // An entry of the list against a step that is widened at once: it reads its offset, jumps, and starts the sums' latency anew.
    private const double StepsOfEntry = 1.5;

    private readonly int _interval;
    private readonly bool _chooses;

    private PairPlan(int interval, bool chooses = false) => (_interval, _chooses) = (interval, chooses);

    /// <summary>Every <paramref name="interval"/> steps, whatever the weights.</summary>
    public static PairPlan Fixed(int interval) => new(interval);

    /// <summary>What a level needs for an arithmetic when its row plans nothing else.</summary>
    public static PairPlan For(TileArithmetic arithmetic, InstructionSet level) =>
        arithmetic == TileArithmetic.Floats || level >= InstructionSet.Avx512Vnni ? default : Fixed(1);

    /// <summary>The interval for packed weights; 0 for none.</summary>
    public int Interval(ReadOnlySpan<byte> packed, int blocks, int taps, int tapBytes)
    {
        if (!_chooses) return _interval;
        var steps = packed.Length / PairSplit.EntryBytes;
        var (best, leastTime) = (1, double.PositiveInfinity);
        foreach (var interval in Intervals)
        {
            var split = new PairSplit(packed.ToArray(), blocks, taps, tapBytes, interval);
            if (interval > 1 && split.Outliers > MostOutliers * packed.Length) continue;
            var speeds = PairSpeeds.Measured;
            var time = (steps * speeds.StepTime(interval)) + (split.Entries * StepsOfEntry * speeds.StepTime(1));
            if (time < leastTime) (best, leastTime) = (interval, time);
        }
        return best;
    }
}
