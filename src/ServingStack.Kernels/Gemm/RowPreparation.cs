using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Gemm;

/// <summary>Prepares blocks of tiles by emitted code, a few tiles a call, so that their bytes are near when they are summed.</summary>
internal sealed unsafe class RowPreparation(EmittedKernel large, EmittedKernel small, GemmOperands operands, RowTiles tiles)
{
    private const int NearBytes = 16 * 1024;

    /// <summary>Prepares tiles <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public void Fill(PreparedRows prepared, int first, int end)
    {
        var largeEnd = Math.Clamp(tiles.LargeCount, first, end);
        Fill(large, prepared, first, first, largeEnd);
        Fill(small, prepared, first, largeEnd, end);
    }

    private void Fill(EmittedKernel kernel, PreparedRows prepared, int zero, int first, int end)
    {
        var few = (int)Math.Max(1, NearBytes / prepared.TileBytes);
        LowBitPreparationArguments arguments;
        for (var tile = first; tile < end; tile += few)
        {
            arguments.Source = operands.A + (tiles.FirstRow(tile) * operands.StrideA);
            arguments.Stride = operands.StrideA;
            arguments.Target = prepared.Tile(tile - zero);
            arguments.TileBytes = prepared.TileBytes;
            arguments.Scales = prepared.Scales(tile - zero);
            arguments.Tiles = Math.Min(few, end - tile);
            // Some microseconds at most may skip the runtime's transition.
            if (prepared.TileBytes <= NearBytes)
                ((delegate* unmanaged[SuppressGCTransition]<LowBitPreparationArguments*, void>)kernel.Address)(&arguments);
            else ((delegate* unmanaged<LowBitPreparationArguments*, void>)kernel.Address)(&arguments);
        }
    }
}
