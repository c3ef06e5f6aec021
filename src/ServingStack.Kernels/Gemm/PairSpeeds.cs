using System.Diagnostics;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// What a step of 16-bit sums costs on this machine at each interval: processors differ in whether saving instructions saves time. Measured
/// once a process, in about a millisecond; with <c>SERVINGSTACK_SUMS16=1</c> not measured but taken to pay, so that kernels with 16-bit sums
/// can be tried on any machine, however busy it is.
/// </summary>
internal sealed class PairSpeeds
{
    public const string Variable = "SERVINGSTACK_SUMS16";

    private const int Rows = 48;
    private const int Columns = 32;
    private const int Depth = 512;
    private const int Rounds = 24;

    // Less is not worth a second way of computing the same.
    private const double LeastGain = 1.05;

    private static readonly Lazy<PairSpeeds> OfThisMachine = new(() => new PairSpeeds(
        Environment.GetEnvironmentVariable(Variable) == "1" ? InstructionsSaved : interval => Measure(interval, InstructionSet.Avx512Bw)));

    private readonly Dictionary<int, double> _times;

    private PairSpeeds(Func<int, double> timeOf) => _times = PairPlan.Intervals.ToDictionary(interval => interval, timeOf);

    public static PairSpeeds Measured => OfThisMachine.Value;

    /// <summary>Seconds of a fixed piece of work at this interval; only ratios mean something.</summary>
    public double StepTime(int interval) => _times[interval];

    /// <summary>Why adding up in 16 bits does not pay here; null when it does.</summary>
    public string? Refuses()
    {
        var gain = _times[1] / _times.Values.Min();
        return gain >= LeastGain
            ? null
            : string.Create(null, $"16-bit sums run {gain:0.00} times as fast as 32-bit sums on this machine; {LeastGain} is expected");
    }

    /// <summary>Of three instructions a step two stay, and what widens the sums is shared by the steps of an interval.</summary>
    private static double InstructionsSaved(int interval) => interval == 1 ? 3 : 2 + (2.0 / interval);

    private static double Measure(int interval, InstructionSet level)
    {
        // Zeros may be added up for as long as anyone likes.
        var weights = new GemmWeights { B = new byte[Columns * Depth] };
        using var panels = new ColumnPanels(
            weights.B.Span, Columns, taps: 1, Depth, TileArithmetic.UnsignedBytes, weights, ..Columns,
            pairs: PairPlan.Fixed(interval), level: level);
        using var product = new TileProduct(
            "gemm_measured", DataType.UInt8, new Epilogue { Output = DataType.Int32 }, taps: 1, Depth, TileRows.Strided, panels, level);
        using NativeBuffer a = new(Rows * Depth), c = new(Rows * Columns * sizeof(int));
        var tiles = new BoundTiles(
            product, new TileOperands(Rows, a.Address, Depth, RowOffset: 0, Depth, c.Address, Columns * sizeof(int), 0, 0));
        var best = double.PositiveInfinity;
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            tiles.Run(0, 1);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
