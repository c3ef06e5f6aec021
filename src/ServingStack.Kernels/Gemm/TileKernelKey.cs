using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>Everything that the code of a tile kernel is specialised on. Equal keys share one emitted kernel.</summary>
internal sealed record TileKernelKey
{
    // Straight code up to here, a loop beyond: long enough to hide the loop, short enough for the instruction cache.
    private const int StraightSteps = 8;

    /// <summary>The level whose instructions it may use: <see cref="InstructionSet.Avx2"/> or more.</summary>
    public InstructionSet Level { get; init; } = InstructionSet.Avx512Vnni;

    public required TileArithmetic Arithmetic { get; init; }

    /// <summary>
    /// Bytes without dot products: how many steps of four bytes add up in 16 bits before they are widened; 0 with dot products and floats.
    /// </summary>
    public int Interval { get; init; }

    /// <summary>Weights that would leave 16 bits come in a list of their own (<see cref="PairSplit"/>).</summary>
    public bool HasRemainder { get; init; }

    /// <summary>The last bytes of a piece, when fewer than four, are packed to be read with the bytes before them.</summary>
    public bool JoinsTail { get; init; }

    /// <summary>Rows of the tile, 1 to <see cref="TileShape.MaxRows"/>.</summary>
    public required int Rows { get; init; }

    /// <summary>Columns of the tile in vectors of 16.</summary>
    public required int Vectors { get; init; }

    /// <summary>The last vector is cut (output columns end inside it).</summary>
    public required bool MaskedColumns { get; init; }

    /// <summary>Columns of a cut last vector, for levels that have no masks; otherwise 0.</summary>
    public int TailColumns { get; init; }

    /// <summary>How a row of A is cut: pieces of equal length, each contiguous in memory.</summary>
    public required int Taps { get; init; }

    /// <summary>Bytes of one piece.</summary>
    public required int TapBytes { get; init; }

    public required TileRows RowsFrom { get; init; }

    /// <summary>Bring packed columns nearer before they are read; for panels that do not stay in the first-level cache.</summary>
    public required bool Prefetch { get; init; }

    /// <summary>
    /// Cache lines that each turn of the loop over the depth asks into the second-level cache from <see cref="TileArguments.Ahead"/> on:
    /// what later tiles read comes a little at a time, while this one multiplies. 0 for none.
    /// </summary>
    public int AheadLines { get; init; }

    public required DataType Output { get; init; }

    public required DataType? Residual { get; init; }

    /// <summary>Sums are rounded before the residual is added.</summary>
    public bool RoundsBefore { get; init; }

    public required bool HasOutputZeroPoint { get; init; }

    public required bool ClampsBelow { get; init; }

    public required bool ClampsAbove { get; init; }

    /// <summary>Steps of one turn of the loop over a piece.</summary>
    public int LoopSteps => Math.Max(4, Interval);

    /// <summary>Turns of the loop over a piece; 0 where all is straight code.</summary>
    public int LoopTurns => TapBytes / 4 <= StraightSteps ? 0 : TapBytes / 4 / LoopSteps;

    /// <summary>Four-byte groups of one piece, the last one filled up with zero weights.</summary>
    public int TapGroups => (TapBytes + 3) / 4;

    /// <summary>Bytes of packed B per vector of 16 columns.</summary>
    public int PanelBytes => Taps * TapGroups * 64;

    public int VectorBytes => VectorInstructions.BytesAt(Level);

    /// <summary>Registers that a vector of 16 columns takes at the level.</summary>
    public int RegistersPerVector => 64 / VectorBytes;

    /// <summary>Registers that a row of the tile takes; halves of a cut vector that hold no column are left out.</summary>
    public int RowRegisters => (Vectors * RegistersPerVector) - (TailColumns is > 0 and <= 8 ? 1 : 0);

    public string Name => string.Join('_',
        "tile", Level, $"{Arithmetic}{(Interval > 0 ? $"{Interval}" : "")}{(HasRemainder ? "r" : "")}{(JoinsTail ? "j" : "")}",
        $"{Rows}x{16 * Vectors}{(MaskedColumns ? "m" : "")}{(TailColumns > 0 ? $"{TailColumns}" : "")}",
        $"k{Taps}x{TapBytes}", RowsFrom,
        $"{Output}{(RoundsBefore ? "r" : "")}{(Residual is { } r ? $"+{r}" : "")}"
            + $"{(HasOutputZeroPoint ? "z" : "")}{(ClampsBelow ? "l" : "")}{(ClampsAbove ? "u" : "")}{(Prefetch ? "p" : "")}"
            + $"{(AheadLines > 0 ? $"a{AheadLines}" : "")}");

    /// <summary>Where the columns of one of a row's registers end.</summary>
    public LastColumns Last(int register) => new(MaskedColumns && register == RowRegisters - 1 && TailColumns != 8, TailColumns % 8);
}
