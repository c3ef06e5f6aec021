using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>Emitted code that prepares rows for 4-bit weights against the managed one, byte for byte.</summary>
public class RowPreparationTests
{
    private const int Seed = 20261126;

    private static readonly Epilogue Floats = new() { Output = DataType.Float32 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(29)]
    public void Fill_AnyDepthAndBlock_EqualsManagedPreparation(int m)
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Vnni) return;
        foreach (var k in new[] { 1, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 127, 129, 192, 300, 1025 })
            foreach (var block in new[] { 16, 32, 48, 128, 256, 2000 })
                foreach (var zeroPoints in new[] { false, true })
                    Check(m, new LowBitProblem(16, k, DataType.Float32, block, Floats) { HasZeroPoints = zeroPoints });
    }

    private static unsafe void Check(int m, LowBitProblem problem)
    {
        var name = $"seed {Seed}, M {m}, {problem}";
        var zeroPoints = new byte[problem.HasZeroPoints ? problem.N * problem.Blocks : 0];
        var b = new byte[problem.N * LowBitChecks.RowBytes(problem)];
        var weights = new GemmWeights { B = b, BlockScales = new float[problem.N * problem.Blocks], BlockZeroPoints = zeroPoints };
        using var product = new EmittedLowBit("row_x", problem, weights, byteShifts: false);
        using var a = RandomOperands.Fill(new Random(Seed), DataType.Float32, m * problem.K * sizeof(float));
        // A row of zeros, and one that is too small to have a step.
        var rows = new Span<float>((void*)a.Address, m * problem.K);
        if (m > 2) rows.Slice(problem.K, problem.K).Clear();
        if (m > 3) rows.Slice(2 * problem.K, problem.K).Fill(1e-31f);

        var operands = new GemmOperands(m, a.Address, problem.K * sizeof(float), 0, 0);
        var tiles = new RowTiles(m, product.Shape(m).Rows);
        var layout = new PreparedLayout(product, tiles.LargeRows, Lanes: 0);
        PreparedRows expected = new(layout, tiles.Count, 1), actual = new(layout, tiles.Count, 1);
        var large = product.Preparation(tiles.LargeRows)!;
        new RowPreparation(large, product.Preparation(Math.Max(1, tiles.LargeRows - 1))!, operands, tiles).Fill(actual, 0, tiles.Count);
        for (var tile = 0; tile < tiles.Count; tile++)
        {
            var (first, end) = (tiles.FirstRow(tile), tiles.FirstRow(tile + 1));
            expected.Fill(tile, operands, first, end);
            var header = LowBitRows.HeaderBytes(end - first, problem.HasZeroPoints) * problem.Blocks;
            var bytes = header + (product.Steps * LowBitPanels.StepDepth * (end - first));
            Assert.True(Bytes(expected.Tile(tile), bytes).SequenceEqual(Bytes(actual.Tile(tile), bytes)), $"Bytes of tile {tile}; {name}");
            var scales = (end - first) * sizeof(float);
            var sameSteps = Bytes(expected.Scales(tile), scales).SequenceEqual(Bytes(actual.Scales(tile), scales));
            Assert.True(sameSteps, $"Steps of tile {tile}; {name}");
        }
    }

    private static unsafe ReadOnlySpan<byte> Bytes(nint address, int count) => new((void*)address, count);
}
