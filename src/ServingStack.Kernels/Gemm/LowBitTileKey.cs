namespace ServingStack.Kernels.Gemm;

/// <summary>Everything that the code of a 4-bit tile kernel is specialised on. Equal keys share one emitted kernel.</summary>
internal sealed record LowBitTileKey
{
    /// <summary>Rows of the tile; twice rows times vectors registers hold sums.</summary>
    public required int Rows { get; init; }

    /// <summary>Columns of the tile in vectors of 16.</summary>
    public required int Vectors { get; init; }

    /// <summary>The last vector is cut by a mask (output columns end inside it).</summary>
    public required bool MaskedColumns { get; init; }

    /// <summary>Steps of eight of depth in a block of weights that share a scale.</summary>
    public required int BlockSteps { get; init; }

    /// <summary>Steps of the whole depth.</summary>
    public required int Steps { get; init; }

    public required bool HalfScales { get; init; }

    public required bool ZeroPoints { get; init; }

    public required bool Outliers { get; init; }

    /// <summary>Rows have a step of their own; otherwise columns have.</summary>
    public required bool RowScales { get; init; }

    /// <summary>The processor shifts bytes by one instruction (GFNI).</summary>
    public required bool ByteShifts { get; init; }

    /// <summary>Bring packed columns nearer before they are read; for panels that do not stay in the first-level cache.</summary>
    public required bool Prefetch { get; init; }

    /// <summary>The stores and what comes before them, as in other tile kernels.</summary>
    public required TileKernelKey Epilogue { get; init; }

    public int DepthBlocks => (Steps + BlockSteps - 1) / BlockSteps;

    public string Name => $"lowbit_{Rows}x{16 * Vectors}_k{Steps}b{BlockSteps}"
        + $"{(HalfScales ? "h" : "")}{(ZeroPoints ? "z" : "")}{(Outliers ? "o" : "")}{(ByteShifts ? "g" : "")}{(Prefetch ? "p" : "")}_"
        + Epilogue.Name;
}
