namespace ServingStack.Kernels.Gemm;

/// <summary>Where AMX kernels find their rows: an address for each block.</summary>
/// <param name="Blocks">How the rows are cut.</param>
/// <param name="Packed">Whether the rows are packed before, and the addresses are the packing's sources.</param>
/// <param name="From">How a kernel finds a tile: at a first row, or in a table that has for each block, step and tile one address.</param>
/// <param name="Stride">Bytes from row to row of a tile when it is loaded.</param>
/// <param name="First">The address for the first block.</param>
/// <param name="RowBytes">By how much the address grows with each row.</param>
/// <param name="BlockBytes">By how much the address grows with each block.</param>
internal sealed record AmxRows(
    RowBlocks Blocks, bool Packed, TileRows From, nint Stride, nint First, nint RowBytes = 0, nint BlockBytes = 0)
{
    public static int StepsOf(int depthBytes) => (depthBytes + TileBlock.StepBytes - 1) / TileBlock.StepBytes;

    /// <summary>Rows with a stride: as they lie where a tile's rows are whole cache lines, otherwise packed.</summary>
    public static AmxRows Strided(TileOperands operands, int depthBytes)
    {
        var wholeLines = (operands.A | operands.StrideA | depthBytes) % TileBlock.StepBytes == 0;
        return new AmxRows(
            RowBlocks.Even(operands.Rows, TileBlock.MostRows), !wholeLines, TileRows.Strided,
            wholeLines ? operands.StrideA : PackedStride(depthBytes), operands.A, RowBytes: operands.StrideA);
    }

    /// <summary>Rows in pieces, packed; a table has for each block, piece and row one address.</summary>
    public static AmxRows Gathered(TileOperands operands, RowBlocks blocks, int taps, int depthBytes) => new(
        blocks, Packed: true, TileRows.Strided, PackedStride(depthBytes), operands.A, BlockBytes: blocks.BlockRows * taps * sizeof(long));

    /// <summary>Tiles that are loaded from where they lie; a table has for each block, step and tile one address.</summary>
    public static AmxRows Listed(nint table, RowBlocks blocks, nint stride, int depthBytes) => new(
        blocks, Packed: false, TileRows.Table, stride, table,
        BlockBytes: new TileBlock(blocks.BlockRows).RowTiles * StepsOf(depthBytes) * sizeof(long));

    public nint Address(int block) => First + (Blocks.FirstRow(block) * RowBytes) + (block * BlockBytes);

    private static nint PackedStride(int depthBytes) => StepsOf(depthBytes) * TileBlock.StepBytes;
}
