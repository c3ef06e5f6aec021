using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>Sums in 16 bits against the reference, with the weights and activations that reach farthest.</summary>
public class PairSumsTests
{
    private const int Seed = 20261201;
    private const int Rows = 7;

    // Each gives the weight at a depth and a column.
    private static readonly Dictionary<string, Func<Random, int, int, int>> Weights = new()
    {
        ["all largest"] = (_, _, _) => 127,
        ["all least"] = (_, _, _) => -128,
        ["alternating"] = (_, k, n) => ((k + n) % 2 == 0) ? 127 : -128,
        ["any"] = (random, _, _) => random.Next(-128, 128),
        ["small, few large"] = (random, _, _) => random.Next(40) == 0 ? random.Next(-128, 128) : random.Next(-9, 10),
    };

    private static readonly Dictionary<string, Func<Random, int>> Activations = new()
    {
        ["largest"] = _ => 255,
        ["any"] = random => random.Next(256),
        ["largest or none"] = random => 255 * random.Next(2),
    };

    public static TheoryData<InstructionSet, int> Plans
    {
        get
        {
            var plans = new TheoryData<InstructionSet, int>();
            foreach (var level in MachineFeatures.Current.Levels.Where(level => level is InstructionSet.Avx2 or InstructionSet.Avx512Bw))
                foreach (var interval in PairPlan.Intervals) plans.Add(level, interval);
            return plans;
        }
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void Sums_AtEveryInterval_EqualTheReference(InstructionSet level, int interval)
    {
        var seed = Seed;
        foreach (var (weights, weight) in Weights)
            foreach (var (activations, activation) in Activations)
                foreach (var (n, k) in new[] { (16, 64), (33, 37), (5, 3), (20, 102) })
                    foreach (var type in new[] { DataType.UInt8, DataType.Int8 })
                    {
                        var random = new Random(++seed);
                        var b = new sbyte[n * k];
                        for (var i = 0; i < b.Length; i++) b[i] = (sbyte)weight(random, i / n, i % n);
                        var a = new byte[Rows * k];
                        for (var i = 0; i < a.Length; i++) a[i] = (byte)activation(random);
                        Check(level, PairPlan.Fixed(interval), new(n, k, type, new Epilogue { Output = DataType.Int32 }), a, b,
                            $"{level}, interval {interval}, weights {weights}, activations {activations}, seed {seed}");
                    }
    }

    [Fact]
    public void Plan_ForWeightsThatAreSmall_AddsUpLonger()
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw) return;
        var packed = new byte[16 * 256];
        Assert.Equal(PairPlan.Intervals.MinBy(PairSpeeds.Measured.StepTime), PairPlan.Longest.Interval(packed, 1, 1, 256));
    }

    [Fact]
    public void Plan_ForWeightsThatAreMostlyOutliers_WidensAtOnce()
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw) return;
        var packed = Enumerable.Repeat((byte)127, 16 * 256).ToArray();
        Assert.Equal(1, PairPlan.Longest.Interval(packed, 1, 1, 256));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Split_OfAnyWeights_KeepsTheirSumAndTheBound(int interval)
    {
        const int Groups = 19;
        var weights = new byte[64 * Groups];
        new Random(Seed).NextBytes(weights);
        var main = weights.ToArray();
        var split = new PairSplit(main, blocks: 1, taps: 1, 4 * Groups, interval);
        var sum = MemoryMarshal.Cast<byte, sbyte>(main).ToArray().Select(x => (int)x).ToArray();
        for (var at = 0; MemoryMarshal.Read<int>(split.Lists[0].AsSpan(at)) is var offset and >= 0; at += 4 + PairSplit.EntryBytes)
            for (var i = 0; i < PairSplit.EntryBytes; i++) sum[(offset * 16) + i] += (sbyte)split.Lists[0][at + 4 + i];
        Assert.Equal(MemoryMarshal.Cast<byte, sbyte>(weights).ToArray().Select(x => (int)x), sum);
        for (var pair = 0; pair < 32; pair++)
            for (var first = 0; first < Groups; first += interval)
            {
                var lane = Enumerable.Range(first, Math.Min(interval, Groups - first))
                    .SelectMany(g => new[] { (sbyte)main[(64 * g) + (2 * pair)], (sbyte)main[(64 * g) + (2 * pair) + 1] }).ToArray();
                Assert.InRange(lane.Where(w => w > 0).Sum(w => w), 0, 128);
                Assert.InRange(lane.Where(w => w < 0).Sum(w => w), -128, 0);
            }
    }

    private static void Check(InstructionSet level, PairPlan plan, GemmProblem problem, byte[] a, sbyte[] b, string what)
    {
        var weights = new GemmWeights { B = MemoryMarshal.AsBytes(b.AsSpan()).ToArray(), ZeroPointA = 3 };
        using var rows = GuardedBuffer.Of<byte>(a);
        using var expected = new GuardedBuffer(Rows * problem.N * sizeof(int));
        using var actual = new GuardedBuffer(expected.ByteLength);
        using var reference = new ReferenceGemm(problem, weights);
        using var packed = new EmittedGemm("gemm_int8_pairs", problem, weights, level, plan);
        reference.Bind(Operands(expected)).Run(0, 1);
        packed.Bind(Operands(actual)).Run(0, 1);
        Comparison.AssertEqual(DataType.Int32, floatSums: false, expected.Bytes, actual.Bytes, what);

        GemmOperands Operands(GuardedBuffer c) => new(Rows, rows.Address, problem.K, c.Address, problem.N * sizeof(int));
    }
}
