using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>Every row of the table that this machine can run against the reference.</summary>
public class GemmRowsTests
{
    private const int Seed = 20261124;

    // Around the edges of tiles (12 rows, 16 columns, 4 bytes of depth, straight code or a loop) and beyond one block of each.
    private static readonly int[] EdgeRows = [1, 2, 3, 5, 8, 11, 12, 13, 24, 25];
    private static readonly int[] EdgeColumns = [1, 15, 16, 17, 31, 33, 48, 64, 130];
    private static readonly int[] EdgeDepths = [1, 2, 3, 4, 5, 7, 32, 36, 37, 63, 129];

    public static TheoryData<string> Rows =>
        [.. KernelTable.Gemm.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet).Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryTileEdge_EqualsTheReference(string name)
    {
        var row = KernelTable.Gemm.Single(row => row.Name == name);
        var seed = Seed;
        foreach (var type in Accepted(row))
            foreach (var m in EdgeRows)
                foreach (var n in EdgeColumns)
                {
                    var random = new Random(++seed);
                    var k = EdgeDepths[random.Next(EdgeDepths.Length)];
                    new GemmCase(m, new GemmProblem(n, k, type, RandomOperands.AnyEpilogue(random, type)), seed).Check(row);
                }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryDepthAndEpilogue_EqualsTheReference(string name)
    {
        var row = KernelTable.Gemm.Single(row => row.Name == name);
        var seed = 2 * Seed;
        foreach (var type in Accepted(row))
            foreach (var k in EdgeDepths)
                for (var i = 0; i < 8; i++)
                {
                    var random = new Random(++seed);
                    var problem = new GemmProblem(random.Next(1, 70), k, type, RandomOperands.AnyEpilogue(random, type));
                    new GemmCase(random.Next(1, 30), problem, seed, rowPadding: random.Next(0, 2) * 12).Check(row);
                }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_SplitIntoParts_EqualsTheReference(string name)
    {
        var row = KernelTable.Gemm.Single(row => row.Name == name);
        foreach (var type in Accepted(row))
            foreach (var (m, n) in new[] { (300, 64), (3, 2000) })
            {
                var epilogue = new Epilogue { Output = type == DataType.Float32 ? DataType.Float32 : DataType.UInt8 };
                new GemmCase(m, new GemmProblem(n, m == 3 ? 600 : 160, type, epilogue), Seed).Check(row, parts: 3);
            }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_WithResultsBeyondIntegers_SaturatesAsTheReference(string name)
    {
        var row = KernelTable.Gemm.Single(row => row.Name == name);
        foreach (var type in Accepted(row).Where(type => type != DataType.Float32))
            foreach (var output in new[] { DataType.UInt8, DataType.Int8 })
                foreach (var scaleFactor in new[] { 1e3f, 1e9f, 1e20f })
                {
                    var epilogue = new Epilogue { Output = output, OutputZeroPoint = 5 };
                    new GemmCase(13, new GemmProblem(40, 33, type, epilogue), Seed, scaleFactor: scaleFactor).Check(row);
                }
    }

    private static IEnumerable<DataType> Accepted(KernelRow<GemmProblem, PackedGemm> row) =>
        new[] { DataType.UInt8, DataType.Int8, DataType.Float32 }.Where(type => row.Refuses(Plain(type)) is null);

    private static GemmProblem Plain(DataType type) => new(1, 64, type, new Epilogue { Output = DataType.Float32 });
}
