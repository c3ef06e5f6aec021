using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Packs four vectors of 32-bit results into one of bytes, with saturation, and stores it. Packing works within 128-bit lanes and leaves
/// each with four bytes of every vector; a permutation by <paramref name="order"/> brings each vector's bytes together.
/// </summary>
/// <param name="lastSpare">A register that is free when a group of one vector is stored: the first sum, long stored by then.</param>
internal sealed class TileByteStores(
    TileKernelKey key, Assembler asm, VectorInstructions code, AssemblerRegisterZMM[] sums, AssemblerRegisterZMM lastSpare,
    AssemblerMemoryOperand order)
{
    public const int VectorsTogether = 4;

    private static readonly AssemblerRegister64 Output = rax;
    private static readonly AssemblerRegister64 OutputStride = rbx;

    private bool Signed => key.Output == DataType.Int8;

    /// <summary>Stores the group of vectors, counted row by row, that ends with vector <paramref name="last"/>.</summary>
    public void StoreThrough(int last)
    {
        var first = last / VectorsTogether * VectorsTogether;
        var count = last - first + 1;
        var spare = count > 1 ? sums[first + 1] : lastSpare;
        Pack(first, count);
        code.Unravel(sums[first], spare, order);
        var pieces = key.MaskedColumns ? 1 : key.RowRegisters % 4 == 0 ? 4 : key.RowRegisters % 2 == 0 ? 2 : 1;
        for (var piece = 0; piece < count; piece += pieces) StorePieces(sums[first], first + piece, piece, pieces, spare);
    }

    private void Pack(int first, int count)
    {
        var low = sums[first];
        var high = count > 2 ? sums[first + 2] : low;
        code.PackWords(low, count > 1 ? sums[first + 1] : low);
        if (count > 2) code.PackWords(high, count > 3 ? sums[first + 3] : high);
        if (key.HasOutputZeroPoint)
        {
            var zeroPoints = __[r15 + TileEmitter.Offset(nameof(TileArguments.OutputZeroPoints))];
            code.AddWordsSaturating(low, zeroPoints);
            if (count > 2) code.AddWordsSaturating(high, zeroPoints);
        }
        code.PackBytes(low, high, Signed);
    }

    private void StorePieces(AssemblerRegisterZMM packed, int vector, int piece, int pieces, AssemblerRegisterZMM spare)
    {
        var column = vector % key.RowRegisters;
        code.StoreQuarters(__[Output + (code.Lanes * column)], packed, piece, pieces, spare, key.Last(column));
        if (column + pieces == key.RowRegisters) asm.add(Output, OutputStride);
    }
}
