using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>Every row for weights of 16 bits that this machine can run against the reference, which computes with the same weights.</summary>
public class HalfWeightsTests
{
    private const int Seed = 20261126;

    private static readonly int[] EdgeRows = [1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 29];
    private static readonly int[] EdgeColumns = [1, 15, 16, 17, 48, 130];
    private static readonly int[] EdgeDepths = [1, 2, 3, 15, 16, 17, 18, 24, 33, 129];

    public static TheoryData<string> Rows => [.. Runnable.Select(row => row.Name)];

    private static IEnumerable<KernelRow<GemmProblem, PackedGemm>> Runnable =>
        KernelTable.Gemm.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet && Problems(1, 1, null).Any(p => row.Refuses(p) is null));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryTileEdge_EqualsTheReference(string name)
    {
        var seed = Seed;
        foreach (var m in EdgeRows)
            foreach (var n in EdgeColumns)
            {
                var random = new Random(++seed);
                var depth = EdgeDepths[random.Next(EdgeDepths.Length)];
                foreach (var problem in Problems(n, depth, RandomOperands.AnyEpilogue(random, DataType.Float32)))
                    Check(RowOf(name), problem, m, seed);
            }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryDepth_EqualsTheReference(string name)
    {
        foreach (var depth in EdgeDepths)
            foreach (var problem in Problems(37, depth, null))
                foreach (var m in new[] { 3, 20 }) Check(RowOf(name), problem, m, Seed + depth);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_SplitIntoParts_EqualsTheReference(string name)
    {
        foreach (var problem in Problems(200, 160, null))
            foreach (var m in new[] { 3, 200 }) Check(RowOf(name), problem, m, Seed, parts: 3);
    }

    [Fact]
    public void BFloat16_WithRoundedActivations_ErrsByAtMostTheirRounding()
    {
        var problem = Problems(33, 200, null).Last() with { RoundsActivations = true };
        var row = KernelTable.Select(problem).Chosen;
        var random = new Random(Seed);
        var weights = WeightsOf(random, problem);
        var a = TestNumbers.Floats(Seed, 20 * 200, scale: 1);
        var actual = KernelRun.Of<float, float>(a, 20 * 33, (from, to) => row.Pack(problem, weights).Bind(new GemmOperands(20, from, 800, to, 132)));
        var floats = MemoryMarshal.Cast<byte, float>(HalfWeights.Widened(problem, weights.B).Span);
        for (var i = 0; i < actual.Length; i++)
        {
            var (exact, magnitude) = ((double)weights.Bias.Span[i % 33], 0d);
            for (var k = 0; k < 200; k++)
            {
                var product = (double)a[(i / 33 * 200) + k] * floats[(k * 33) + (i % 33)];
                (exact, magnitude) = (exact + product, magnitude + Math.Abs(product));
            }
            Assert.InRange(actual[i], exact - (magnitude / 500), exact + (magnitude / 500));
        }
    }

    [Fact]
    public void Selection_OfHalves_RefusesRowsForOtherWeights()
    {
        foreach (var problem in Problems(16, 16, null))
            Assert.Contains(
                KernelTable.Select(problem).Refusals, r => r.Kernel == "gemm_fp32_avx512" && r.Reason == $"takes no {problem.B} weights");
        var mixed = new GemmProblem(4, 4, DataType.UInt8, new Epilogue { Output = DataType.Float32 }) { B = DataType.Float16 };
        Assert.Throws<ArgumentException>(() => KernelTable.Select(mixed));
    }

    private static KernelRow<GemmProblem, PackedGemm> RowOf(string name) => KernelTable.Gemm.Single(row => row.Name == name);

    private static IEnumerable<GemmProblem> Problems(int n, int k, Epilogue? epilogue) =>
        from type in new[] { DataType.Float16, DataType.BFloat16 }
        from rounds in type == DataType.BFloat16 ? new[] { true, false } : [false]
        select new GemmProblem(n, k, DataType.Float32, epilogue ?? new Epilogue { Output = DataType.Float32 }) { B = type, RoundsActivations = rounds };

    /// <summary>Activations are numbers that bfloat16 holds, so that rounding them changes nothing.</summary>
    private static void Check(KernelRow<GemmProblem, PackedGemm> row, GemmProblem problem, int m, int seed, int parts = 1)
    {
        if (row.Refuses(problem) is not null) return;
        var random = new Random(seed);
        var weights = WeightsOf(random, problem);
        using var a = RandomOperands.Fill(random, DataType.Float32, m * problem.K * sizeof(float));
        foreach (ref var bits in a.Span<uint>()) bits &= 0xffff0000;
        using var residual = RandomOperands.Fill(random, DataType.Float32, m * problem.N * sizeof(float));
        using var expected = new GuardedBuffer(m * problem.N * sizeof(float));
        using var actual = new GuardedBuffer(expected.ByteLength);
        using var reference = new ReferenceGemm(problem, weights);
        reference.Bind(Operands(expected)).Run(0, 1);
        using var packed = row.Pack(problem, weights);
        var bound = packed.Bind(Operands(actual));
        KernelRun.All(bound, parts);
        Comparison.AssertEqual(DataType.Float32, true, expected.Bytes, actual.Bytes, $"{bound.KernelName}: seed {seed}, M {m}, {problem}");

        GemmOperands Operands(GuardedBuffer c) => new(
            m, a.Address, problem.K * sizeof(float), c.Address, problem.N * sizeof(float), residual.Address, problem.N * sizeof(float));
    }

    private static GemmWeights WeightsOf(Random random, GemmProblem problem)
    {
        var halves = new ushort[problem.N * problem.K];
        for (var i = 0; i < halves.Length; i++)
        {
            var value = (random.NextSingle() * 2) - 1;
            halves[i] = problem.B == DataType.Float16
                ? BitConverter.HalfToUInt16Bits((Half)value) : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        }
        return new GemmWeights
        {
            B = MemoryMarshal.AsBytes(halves.AsSpan()).ToArray(),
            Bias = Enumerable.Range(0, problem.N).Select(_ => random.NextSingle()).ToArray(),
        };
    }
}
