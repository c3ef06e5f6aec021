using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Embedding;

public class EmbeddingBagTests
{
    private const int Seed = 20261125;

    // Around 16 numbers a vector, groups of 1, 2, 4 and 8 vectors, and one block of 24 vectors.
    private static readonly int[] Dimensions = [1, 15, 16, 17, 32, 48, 63, 64, 100, 112, 128, 240, 256, 384, 385, 800];

    public static TheoryData<string, EmbeddingRowType> Rows
    {
        get
        {
            var data = new TheoryData<string, EmbeddingRowType>();
            foreach (var row in EmbeddingBag.Rows.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet))
                foreach (var type in Enum.GetValues<EmbeddingRowType>()) data.Add(row.Name, type);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_AtEveryDimension_EqualsTheReference(string name, EmbeddingRowType type)
    {
        var seed = Seed;
        foreach (var dimension in Dimensions)
            foreach (var bounds in Enum.GetValues<BagBounds>())
            {
                using var example = new EmbeddingBagCase(AnyProblem(++seed, dimension, type, bounds), rows: 30, bags: 6, largestBag: 5, seed);
                example.Check(Row(name).Bind, parts: 1 + (seed % 3));
            }
    }

    [Fact]
    public void EmittedRow_WithAnyPrefetch_EqualsTheReference()
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw) return;
        foreach (var type in Enum.GetValues<EmbeddingRowType>())
            foreach (var distance in new[] { 0, 1, 8, 64 })
            {
                var problem = AnyProblem(Seed + distance, 68, type, BagBounds.Lengths);
                using var example = new EmbeddingBagCase(problem, rows: 50, bags: 9, largestBag: 7, Seed);
                example.Check((p, o) => new EmittedEmbeddingBag("emitted", p, o, new RowPrefetch(distance, distance > 8)), parts: 2);
            }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Index_OutOfRange_IsRefusedByPositionAndValue(string name, EmbeddingRowType type)
    {
        foreach (var indexType in new[] { DataType.Int32, DataType.Int64 })
            foreach (var (position, value) in new[] { (0, 20L), (37, -1L), (59, indexType == DataType.Int32 ? int.MinValue : long.MaxValue) })
            {
                using var example = new EmbeddingBagCase(new(new(20, type), indexType), rows: 20, bags: 3, largestBag: 20, Seed);
                example.SetIndex(position, value);
                Assert.Equal(new float[60], example.Run(Row(name), 1, out var fault));
                Assert.Equal(new EmbeddingFault("index", position, value, 0, 19), fault);
                Assert.Contains(
                    $"index {value} at position {position} is out of range: expected 0 .. 19 for a table of 20 rows", fault!.Message,
                    StringComparison.Ordinal);
            }
    }

    [Fact]
    public void Index_OutOfRangeInOnePart_LeavesTheOthersResults()
    {
        using var example = new EmbeddingBagCase(new(new(1000, EmbeddingRowType.Int8), DataType.Int64), 20, bags: 4, largestBag: 10, Seed);
        var right = example.Run(EmbeddingBag.Rows[0], 2, out _);
        example.SetIndex(39, 20);
        var half = example.Run(EmbeddingBag.Rows[0], 2, out var fault);
        Assert.Equal(39, fault!.Position);
        Assert.Equal([.. right[..2000], .. new float[2000]], half);
    }

    [Theory]
    [InlineData(BagBounds.Lengths, 1, -1, "length")]
    [InlineData(BagBounds.Lengths, 1, 1000, "length")]
    [InlineData(BagBounds.Offsets, 0, 1, "offset")]
    [InlineData(BagBounds.Offsets, 2, -3, "offset")]
    [InlineData(BagBounds.Offsets, 4, 1000, "offset")]
    public void Bounds_ThatDoNotFitTheIndices_AreRefused(BagBounds bounds, int position, long value, string what)
    {
        var problem = new EmbeddingBagProblem(new(8, EmbeddingRowType.Float16), DataType.Int64) { Bounds = bounds };
        using var example = new EmbeddingBagCase(problem, rows: 20, bags: 4, largestBag: 6, Seed);
        example.SetBound(position, value);
        foreach (var row in EmbeddingBag.Rows.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet))
        {
            Assert.Equal(new float[32], example.Run(row, 1, out var fault));
            Assert.Equal((what, (long)position, value), (fault!.What, fault.Position, fault.Value));
        }
    }

    [Fact]
    public void Bind_WithoutMemoryOrWithWrongTypes_IsRefused()
    {
        var problem = new EmbeddingBagProblem(new(8, EmbeddingRowType.Float16), DataType.Int64);
        Assert.Throws<ArgumentException>(() => EmbeddingBag.Bind(problem, new(0, 10, 64, 4, 2, 64)));
        Assert.Throws<ArgumentException>(() => EmbeddingBag.Bind(problem, new(64, 10, 64, 5, 2, 64)));
        Assert.Throws<ArgumentException>(() => EmbeddingBag.Bind(problem with { Weighted = true }, new(64, 10, 64, 4, 2, 64)));
        Assert.Throws<ArgumentException>(() => EmbeddingBag.Bind(problem with { IndexType = DataType.UInt8 }, new(64, 10, 64, 4, 2, 64)));
        Assert.Throws<ArgumentException>(() =>
            EmbeddingBag.Bind(problem with { IndexType = DataType.Int32 }, new(64, 1L << 31, 64, 4, 2, 64)));
    }

    [Fact]
    public void TableBeyondTheSecondLevelCache_IsMeasuredAndEqualsTheReference()
    {
        var format = new EmbeddingRowFormat(64, EmbeddingRowType.Int4);
        var problem = new EmbeddingBagProblem(format, DataType.Int64);
        using var table = new EmbeddingTable(format, (MachineFeatures.Current.Caches.L2 / format.Stride) + 1000);
        table.SetRow(table.Rows - 1, TestNumbers.Floats(Seed, 64));
        var expected = new float[64];
        table.GetRow(table.Rows - 1, expected);
        var actual = KernelRun.Of<long, float>([table.Rows - 1], 64, (indices, output) =>
            EmbeddingBag.Bind(problem, new(table.Address, table.Rows, indices, 1, 1, output)));
        for (var i = 0; i < 64; i++) Assert.Equal(expected[i], actual[i], 1e-5f);
    }

    private static EmbeddingBagRow Row(string name) => EmbeddingBag.Rows.Single(row => row.Name == name);

    private static EmbeddingBagProblem AnyProblem(int seed, int dimension, EmbeddingRowType type, BagBounds bounds)
    {
        var random = new Random(seed);
        return new(
            new(dimension, type)
            {
                ScaleType = random.Next(2) == 0 ? DataType.Float16 : DataType.Float32,
                Alignment = random.Next(2) == 0 ? 1 : 64,
            },
            random.Next(2) == 0 ? DataType.Int32 : DataType.Int64)
        {
            Bounds = bounds,
            Weighted = random.Next(2) == 0,
            Mean = random.Next(2) == 0,
            NegativeFromEnd = random.Next(2) == 0,
        };
    }
}
