namespace ServingStack.Kernels.Gemm;

/// <summary>Where AMX kernels find rows: in blocks, and for each block at an address that grows evenly with its first row.</summary>
/// <param name="Blocks">How the rows are cut.</param>
/// <param name="Packed">Whether they are packed before, and the addresses are the packing's sources.</param>
/// <param name="From">How a kernel finds a tile: at a first row, or in a table that has for each block, step and tile one address.</param>
/// <param name="Stride">Bytes from row to row of a tile, when it is loaded.</param>
/// <param name="First">The address for the first block.</param>
/// <param name="RunBytes">By how much the address grows every <paramref name="RunRows"/> rows.</param>
internal sealed record AmxRows(RowBlocks Blocks, bool Packed, TileRows From, nint Stride, nint First, nint RunBytes, int RunRows = 1)
{
    public static int StepsOf(int depthBytes) => (depthBytes + TileBlock.StepBytes - 1) / TileBlock.StepBytes;

    /// <summary>Rows with a stride: as they lie where a tile's rows are whole cache lines, otherwise packed.</summary>
    public static AmxRows Strided(TileOperands operands, int depthBytes)
    {
        var blocks = RowBlocks.Even(new RowTiles(operands.Rows, TileBlock.MostRows));
        var wholeLines = (operands.A | operands.StrideA | depthBytes) % TileBlock.StepBytes == 0;
        var stride = wholeLines ? operands.StrideA : StepsOf(depthBytes) * TileBlock.StepBytes;
        return new AmxRows(blocks, !wholeLines, TileRows.Strided, stride, operands.A, operands.StrideA);
    }

    /// <summary>Rows in pieces that a table of addresses finds, packed.</summary>
    public static AmxRows Gathered(TileOperands operands, RowTiles tiles, int taps, int depthBytes) => new(
        RowBlocks.Even(tiles), Packed: true, TileRows.Strided, StepsOf(depthBytes) * TileBlock.StepBytes, operands.A, taps * sizeof(long));

    public nint Address(int block) => First + (Blocks.FirstRow(block) / RunRows * RunBytes);
}
