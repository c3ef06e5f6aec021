namespace ServingStack.Kernels.Gemm;

/// <summary>Everything that the code of a tile kernel is specialised on. Equal keys share one emitted kernel.</summary>
internal sealed record TileKernelKey
{
    public required TileArithmetic Arithmetic { get; init; }

    /// <summary>Rows of the tile, 1 to <see cref="TileShape.MaxRows"/>.</summary>
    public required int Rows { get; init; }

    /// <summary>Columns of the tile in vectors of 16.</summary>
    public required int Vectors { get; init; }

    /// <summary>The last vector is cut by a mask (output columns end inside it).</summary>
    public required bool MaskedColumns { get; init; }

    /// <summary>How a row of A is cut: pieces of equal length, each contiguous in memory.</summary>
    public required int Taps { get; init; }

    /// <summary>Bytes of one piece.</summary>
    public required int TapBytes { get; init; }

    public required TileRows RowsFrom { get; init; }

    /// <summary>Bring packed columns nearer before they are read; for panels that do not stay in the first-level cache.</summary>
    public required bool Prefetch { get; init; }

    public required DataType Output { get; init; }

    public required DataType? Residual { get; init; }

    public required bool HasOutputZeroPoint { get; init; }

    public required bool ClampsBelow { get; init; }

    public required bool ClampsAbove { get; init; }

    /// <summary>Four-byte groups of one piece, the last one filled up with zero weights.</summary>
    public int TapGroups => (TapBytes + 3) / 4;

    /// <summary>Bytes of packed B per vector of 16 columns.</summary>
    public int PanelBytes => Taps * TapGroups * 64;

    public string Name => string.Join('_',
        "tile", Arithmetic, $"{Rows}x{16 * Vectors}{(MaskedColumns ? "m" : "")}", $"k{Taps}x{TapBytes}", RowsFrom,
        $"{Output}{(Residual is { } r ? $"+{r}" : "")}"
            + $"{(HasOutputZeroPoint ? "z" : "")}{(ClampsBelow ? "l" : "")}{(ClampsAbove ? "u" : "")}{(Prefetch ? "p" : "")}");
}
