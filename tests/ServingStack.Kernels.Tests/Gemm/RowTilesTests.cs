using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

public class RowTilesTests
{
    [Fact]
    public void Tiles_OfAnyRows_AreEvenCoverAllRowsAndFitTheLimit()
    {
        for (var rows = 1; rows < 200; rows++)
            for (var most = 1; most <= 12; most++)
            {
                var tiles = new RowTiles(rows, most);
                var sizes = Enumerable.Range(0, tiles.Count).Select(t => tiles.FirstRow(t + 1) - tiles.FirstRow(t)).ToArray();
                Assert.Equal(rows, sizes.Sum());
                Assert.All(sizes, (size, t) => Assert.Equal(t < tiles.LargeCount ? tiles.LargeRows : tiles.LargeRows - 1, size));
                Assert.True(tiles.LargeRows <= most, $"{rows} rows at most {most}");
                Assert.Equal((rows + most - 1) / most, tiles.Count);
            }
    }

    [Fact]
    public void Shape_ForAnyProblem_FitsTheRegisters()
    {
        for (var rows = 1; rows < 60; rows++)
            for (var blocks = 1; blocks < 40; blocks++)
            {
                var shape = TileShape.Choose(rows, blocks);
                Assert.InRange(shape.Rows, 1, TileShape.MaxRows);
                // Sums, and for each vector a scale, and two clamps, the residual and its scale.
                Assert.InRange((shape.Rows * shape.Vectors) + shape.Vectors + 4, 1, 32);
                // Without AVX-512 a vector takes two registers, each with 16-bit sums of its own; beside them products, and a broadcast.
                var narrow = TileShape.Choose(rows, blocks, InstructionSet.Avx2);
                Assert.InRange((2 * narrow.Rows * narrow.Vectors) + (2 * narrow.Vectors) + 2, 1, 16);
            }
    }
}
