using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// What a tile kernel reads when called, and its own notes: it advances A, C, Residual and Tiles from tile to tile. One lives on the
/// stack of
/// each running worker.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileArguments
{
    /// <summary>The first row, or the first entry of the address table (per tile: per tap: one address a row).</summary>
    public nint A;
    public nint StrideA;

    /// <summary>Added to each address of the table.</summary>
    public nint RowOffset;

    /// <summary>The packed columns of the tile's first vector.</summary>
    public nint B;
    public nint Bias;
    public nint Scale;
    public nint C;
    public nint StrideC;
    public nint Residual;
    public nint StrideResidual;

    /// <summary>How many tiles lie below each other.</summary>
    public nint Tiles;
    public nint TapsLeft;

    /// <summary>For each block of columns of the tile, the address of its list of <see cref="PairSplit"/>.</summary>
    public nint RemainderTable;
    public nint NextColumns;

    /// <summary>Memory that later tiles read; moves along as it is asked into the second-level cache.</summary>
    public nint Ahead;

    public float Lower;
    public float Upper;
    public float BeforeScale;
    public float BeforeLeast;
    public float BeforeMost;
    public float ResidualScale;
    public int ResidualZeroPoint;

    /// <summary>One bit for each column of the last vector that exists.</summary>
    public int ColumnMask;

    /// <summary>The output's zero point, for each 16-bit lane of a vector.</summary>
    public fixed short OutputZeroPoints[32];

    /// <summary><see cref="ResidualZeroPoint"/> for each 32-bit lane, for a level that broadcasts no operands.</summary>
    public fixed int ResidualZeroPoints[8];

    /// <summary>How far the tile has come in each list.</summary>
    public fixed long Remainders[TileShape.MaxVectors];

    /// <summary>What the epilogue reads, the same for every tile; addresses and strides are still to be set.</summary>
    public static TileArguments Of(EpilogueConstants constants, int columnMask)
    {
        var arguments = new TileArguments
        {
            Lower = constants.Lower,
            Upper = constants.Upper,
            BeforeScale = constants.Before.Scale,
            BeforeLeast = constants.Before.Least,
            BeforeMost = constants.Before.Most,
            ResidualScale = constants.ResidualScale,
            ResidualZeroPoint = constants.ResidualZeroPoint,
            ColumnMask = columnMask,
        };
        new Span<short>(arguments.OutputZeroPoints, 32).Fill((short)constants.OutputZeroPoint);
        new Span<int>(arguments.ResidualZeroPoints, 8).Fill(constants.ResidualZeroPoint);
        return arguments;
    }
}
