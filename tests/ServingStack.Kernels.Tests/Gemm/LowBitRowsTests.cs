using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>Every row for 4-bit weights that this machine can run against the reference.</summary>
public class LowBitRowsTests
{
    private const int Seed = 20261125;

    // Around the edges of tiles (14 rows, 16 columns, steps of eight of depth, blocks, straight code or a loop) and beyond one of each.
    private static readonly int[] EdgeRows = [1, 2, 3, 4, 5, 7, 8, 13, 14, 15, 29];
    private static readonly int[] EdgeColumns = [1, 15, 16, 17, 33, 130];
    private static readonly int[] EdgeDepths = [1, 7, 8, 9, 16, 31, 32, 33, 72, 127, 128, 129, 200, 300];
    private static readonly int[] BlockSizes = [16, 32, 64, 128, 1000];
    private static readonly DataType[] Types = [DataType.Float32, DataType.UInt8, DataType.Int8];

    public static TheoryData<string> Rows =>
        [.. KernelTable.LowBit.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet).Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryTileEdge_EqualsTheReference(string name)
    {
        var seed = Seed;
        foreach (var type in Types)
            foreach (var m in EdgeRows)
                foreach (var n in EdgeColumns)
                {
                    var random = new Random(++seed);
                    Case(random, m, n, EdgeDepths[random.Next(EdgeDepths.Length)], BlockSizes[random.Next(BlockSizes.Length)], type, seed)
                        .Check(RowOf(name));
                }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryDepthAndBlock_EqualsTheReference(string name)
    {
        var seed = 2 * Seed;
        foreach (var k in EdgeDepths)
            foreach (var block in BlockSizes.Append(k))
                foreach (var type in Types.Where(_ => block % 16 == 0 || block >= k))
                {
                    var random = new Random(++seed);
                    Case(random, random.Next(1, 20), random.Next(1, 70), k, block, type, seed).Check(RowOf(name));
                }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_SplitIntoParts_EqualsTheReference(string name)
    {
        foreach (var (m, n) in new[] { (200, 64), (3, 1000) })
            foreach (var outliers in new[] { false, true })
            {
                var problem = new LowBitProblem(n, 320, DataType.Float32, 32, new Epilogue { Output = DataType.Float32 }) { HasOutliers = outliers };
                new LowBitCase(m, problem, Seed).Check(RowOf(name), parts: 3);
            }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_WithoutAnyOutlierInSomeColumns_EqualsTheReference(string name)
    {
        var problem = new LowBitProblem(50, 64, DataType.Int8, 32, new Epilogue { Output = DataType.Float32 }) { HasOutliers = true };
        foreach (var m in new[] { 1, 9 }) new LowBitCase(m, problem, Seed, outliers: 0.001f).Check(RowOf(name));
    }

    [Fact]
    public void EmittedRow_WithoutByteShifts_EqualsTheReference()
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Vnni) return;
        var row = RowOf("lowbit_s4_avx512vnni") with { Pack = (p, weights) => new EmittedLowBit("lowbit_s4_avx512vnni", p, weights, byteShifts: false) };
        foreach (var m in EdgeRows)
            Case(new Random(Seed + m), m, n: 50, k: 72, block: 32, DataType.UInt8, Seed + m).Check(row);
    }

    [Fact]
    public void Outlier_Packed_IsNearItsValueWhateverTheIndex()
    {
        var random = new Random(Seed);
        for (var i = 0; i < 10_000; i++)
        {
            var (row, value) = (random.Next(65536), MathF.ScaleB((random.NextSingle() * 2) - 1, random.Next(-20, 20)));
            var word = Outlier.Pack(row, value);
            Assert.Equal(row, Outlier.RowOf(word));
            Assert.InRange(Outlier.ValueOf(word), value - (MathF.Abs(value) / 256), value + (MathF.Abs(value) / 256));
        }
    }

    [Fact]
    public void Problem_OutsideItsLimits_IsRefusedByName()
    {
        var problem = new LowBitProblem(16, 64, DataType.Float32, 32, new Epilogue { Output = DataType.Float32 });
        Refused(() => KernelTable.Select(problem with { Block = 24 }), "The block is 24");
        Refused(() => KernelTable.Select(problem with { A = DataType.UInt8, Epilogue = new Epilogue { Output = DataType.Int32 } }), "Int32");
        Refused(() => KernelTable.Select(problem with { K = 70_000, HasOutliers = true }), "K is 70000");
        foreach (var row in KernelTable.LowBit.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet))
        {
            var weights = new GemmWeights { B = new byte[16 * 32], BlockScales = new float[32] };
            Refused(() => row.Pack(problem, weights with { B = new byte[100] }), "100 bytes of 4-bit weights were given; 512 are expected");
            Refused(() => row.Pack(problem, weights with { BlockScales = new float[3] }), "3 block scales");
            Refused(() => row.Pack(problem, weights with { Outliers = new[] { new Outlier(1, 1, 1) } }), "1 outliers were given; 0");
            Refused(() => row.Pack(problem with { HasOutliers = true }, weights with { Outliers = new[] { new Outlier(64, 1, 1) } }), "Row = 64");
        }
    }

    [Fact]
    public void Run_AnyRow_AllocatesNothing()
    {
        var problem = new LowBitProblem(40, 96, DataType.Float32, 32, new Epilogue { Output = DataType.Float32 }) { HasOutliers = true };
        var weights = new GemmWeights { B = new byte[40 * 48], BlockScales = new float[120], Outliers = new[] { new Outlier(1, 1, 1) } };
        using NativeBuffer a = new(20 * 96 * sizeof(float)), c = new(20 * 40 * sizeof(float));
        foreach (var row in KernelTable.LowBit.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet))
        {
            using var packed = row.Pack(problem, weights);
            var bound = packed.Bind(new GemmOperands(20, a.Address, 96 * sizeof(float), c.Address, 40 * sizeof(float)));
            bound.Run(0, 1);
            var before = GC.GetAllocatedBytesForCurrentThread();
            bound.Run(0, 1);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    private static KernelRow<LowBitProblem, PackedLowBit> RowOf(string name) => KernelTable.LowBit.Single(row => row.Name == name);

    private static LowBitCase Case(Random random, int m, int n, int k, int block, DataType type, int seed)
    {
        var epilogue = RandomOperands.AnyEpilogue(random, type) with { Before = null };
        if (epilogue.Output == DataType.Int32) epilogue = epilogue with { Output = DataType.Float32 };
        var problem = new LowBitProblem(n, k, type, block, epilogue) { HasZeroPoints = random.Next(2) == 0, HasOutliers = random.Next(2) == 0 };
        return new LowBitCase(m, problem, seed, rowPadding: random.Next(2) * 12, halfScales: random.Next(2) == 0);
    }

    private static void Refused(Action action, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(action).Message, StringComparison.Ordinal);
}
