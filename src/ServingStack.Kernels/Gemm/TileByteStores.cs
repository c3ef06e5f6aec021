using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Packs four vectors of 32-bit results into one of bytes, with saturation, and stores it. Packing works within 128-bit lanes and leaves
/// lane l with four bytes of each vector; a permutation by <paramref name="laneOrder"/> brings each vector's sixteen bytes together.
/// </summary>
/// <param name="lastSpare">A register that is free when a group of one vector is stored: the first sum, long stored by then.</param>
internal sealed class TileByteStores(
    TileKernelKey key, Assembler asm, AssemblerRegisterZMM[] sums, AssemblerRegisterZMM lastSpare, AssemblerMemoryOperand laneOrder)
{
    public const int VectorsTogether = 4;
    private const int PieceBytes = 16;

    private static readonly AssemblerRegister64 Output = rax;
    private static readonly AssemblerRegister64 OutputStride = rbx;

    /// <summary>Stores the group of vectors, counted row by row, that ends with vector <paramref name="last"/>.</summary>
    public void StoreThrough(int last)
    {
        var first = last / VectorsTogether * VectorsTogether;
        var count = last - first + 1;
        var spare = count > 1 ? sums[first + 1] : lastSpare;
        var packed = Pack(first, count, spare);
        var pieces = key.MaskedColumns ? 1 : key.Vectors % 4 == 0 ? 4 : key.Vectors % 2 == 0 ? 2 : 1;
        for (var piece = 0; piece < count; piece += pieces) StorePieces(packed, first + piece, piece, pieces, spare);
    }

    private AssemblerRegisterZMM Pack(int first, int count, AssemblerRegisterZMM spare)
    {
        var low = sums[first];
        var high = count > 2 ? sums[first + 2] : low;
        asm.vpackssdw(low, low, count > 1 ? sums[first + 1] : low);
        if (count > 2) asm.vpackssdw(high, high, count > 3 ? sums[first + 3] : high);
        if (key.HasOutputZeroPoint)
        {
            var zeroPoints = __zmmword_ptr[r15 + TileEmitter.Offset(nameof(TileArguments.OutputZeroPoints))];
            asm.vpaddsw(low, low, zeroPoints);
            if (count > 2) asm.vpaddsw(high, high, zeroPoints);
        }
        if (key.Output == DataType.UInt8) asm.vpackuswb(low, low, high);
        else asm.vpacksswb(low, low, high);
        asm.vmovups(spare, laneOrder);
        asm.vpermd(low, spare, low);
        return low;
    }

    private void StorePieces(AssemblerRegisterZMM packed, int vector, int piece, int pieces, AssemblerRegisterZMM spare)
    {
        var column = vector % key.Vectors;
        var address = Output + (PieceBytes * column);
        if (pieces == 4) asm.vmovups(__zmmword_ptr[address], packed);
        else if (pieces == 2) StoreHalf(packed, piece / 2, __ymmword_ptr[address]);
        else StoreQuarter(packed, piece, __xmmword_ptr[address], key.MaskedColumns && column == key.Vectors - 1, spare);
        if (column + pieces == key.Vectors) asm.add(Output, OutputStride);
    }

    private void StoreHalf(AssemblerRegisterZMM packed, int half, AssemblerMemoryOperand target)
    {
        if (half == 0) asm.vmovdqu32(target, VectorRegisters.Half(packed));
        else asm.vextracti64x4(target, packed, (byte)half);
    }

    private void StoreQuarter(
        AssemblerRegisterZMM packed, int quarter, AssemblerMemoryOperand target, bool masked, AssemblerRegisterZMM spare)
    {
        if (!masked)
        {
            if (quarter == 0) asm.vmovdqu32(target, VectorRegisters.Low(packed));
            else asm.vextracti32x4(target, packed, (byte)quarter);
            return;
        }
        var low = VectorRegisters.Low(quarter == 0 ? packed : spare);
        if (quarter > 0) asm.vextracti32x4(low, packed, (byte)quarter);
        asm.vmovdqu8(target.k1, low);
    }
}
