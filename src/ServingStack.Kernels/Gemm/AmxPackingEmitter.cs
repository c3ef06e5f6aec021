using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>How rows are cut, and where their pieces are found.</summary>
/// <param name="Rows">Rows of a block.</param>
internal sealed record AmxPackingKey(TileRows RowsFrom, int Rows, int Taps, int TapBytes)
{
    public string Name => $"amx_pack_{Rows}_k{Taps}x{TapBytes}_{RowsFrom}";
}

/// <summary>What a packing kernel reads when called.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AmxPackingArguments
{
    /// <summary>The first row, or the table of addresses.</summary>
    public nint Source;

    /// <summary>Bytes between rows; not used with a table.</summary>
    public nint Stride;

    /// <summary>Added to each address of the table.</summary>
    public nint Offset;

    public nint Target;
    public nint TargetStride;
    public nint Blocks;
}

/// <summary>
/// Copies rows to where tiles can be loaded fast: each row contiguous, at the start of a cache line. (A tile whose rows lie across lines
/// takes six times as long to load.) Pieces start at whole groups of four bytes, as in the packed columns. The last bytes of a piece are
/// read by a mask, but written as a whole vector of them and zeros, which the next piece and the next row write over: up to 63 bytes behind
/// the last row are written, too.
/// </summary>
internal sealed class AmxPackingEmitter(AmxPackingKey key) : KernelEmitter
{
    private const int VectorBytes = 64;
    private const int StraightVectors = 12;
    private const int Unroll = 4;

    private static readonly AssemblerRegister64 Source = rax;
    private static readonly AssemblerRegister64 Target = rbx;
    private static readonly AssemblerRegister64 TargetStride = rcx;
    private static readonly AssemblerRegister64 Rows = rdx;
    private static readonly AssemblerRegister64 Piece = rsi;
    private static readonly AssemblerRegister64 Offset = rdi;
    private static readonly AssemblerRegister64 At = r8;
    private static readonly AssemblerRegister64 Blocks = r9;

    private int _register;

    public override string Name => key.Name;

    private bool IsStrided => key.RowsFrom == TileRows.Strided;

    private int FullVectors => key.TapBytes / VectorBytes;

    private int TailBytes => key.TapBytes % VectorBytes;

    private int GroupBytes => (key.TapBytes + 3) / 4 * 4;

    protected override void EmitBody()
    {
        if (TailBytes > 0)
        {
            Asm.mov(rax, (1L << TailBytes) - 1);
            Asm.kmovq(k2, rax);
        }
        Asm.mov(Source, Argument(nameof(AmxPackingArguments.Source)));
        Asm.mov(Target, Argument(nameof(AmxPackingArguments.Target)));
        Asm.mov(TargetStride, Argument(nameof(AmxPackingArguments.TargetStride)));
        Asm.mov(Offset, Argument(IsStrided ? nameof(AmxPackingArguments.Stride) : nameof(AmxPackingArguments.Offset)));
        Asm.mov(Blocks, Argument(nameof(AmxPackingArguments.Blocks)));
        Repeat(Blocks, () =>
        {
            Asm.mov(Rows, key.Rows);
            Repeat(Rows, EmitRow);
            // The table has a block's addresses piece by piece.
            if (!IsStrided) Asm.add(Source, (key.Taps - 1) * key.Rows * sizeof(long));
        });
    }

    private void EmitRow()
    {
        for (var tap = 0; tap < key.Taps; tap++)
        {
            if (IsStrided) Asm.mov(Piece, Source);
            else Asm.mov(Piece, __qword_ptr[Source + (tap * key.Rows * sizeof(long))]);
            if (key.RowsFrom == TileRows.OffsetTable) Asm.add(Piece, Offset);
            EmitCopy(tap * GroupBytes);
        }
        if (IsStrided) Asm.add(Source, Offset);
        else Asm.add(Source, sizeof(long));
        Asm.add(Target, TargetStride);
    }

    private void EmitCopy(int to)
    {
        var looped = FullVectors <= StraightVectors ? 0 : FullVectors / Unroll * Unroll;
        if (looped > 0)
        {
            Asm.xor(r8d, r8d);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            for (var i = 0; i < Unroll; i++) Copy(__zmmword_ptr[Piece + At + (64 * i)], __zmmword_ptr[Target + At + (to + (64 * i))]);
            Asm.add(At, Unroll * VectorBytes);
            Asm.cmp(At, looped * VectorBytes);
            Asm.jne(loop);
        }
        for (var i = looped; i < FullVectors; i++) Copy(__zmmword_ptr[Piece + (64 * i)], __zmmword_ptr[Target + (to + (64 * i))]);
        if (TailBytes == 0) return;
        var tail = NextRegister();
        Asm.vmovdqu8(tail.k2.z, __zmmword_ptr[Piece + (64 * FullVectors)]);
        Asm.vmovups(__zmmword_ptr[Target + (to + (64 * FullVectors))], tail);
    }

    private void Copy(AssemblerMemoryOperand from, AssemblerMemoryOperand to)
    {
        var register = NextRegister();
        Asm.vmovups(register, from);
        Asm.vmovups(to, register);
    }

    private AssemblerRegisterZMM NextRegister() => new(Register.ZMM0 + (_register++ % 16));

    private void Repeat(AssemblerRegister64 count, Action body)
    {
        var loop = Asm.CreateLabel();
        Asm.Label(ref loop);
        body();
        Asm.dec(count);
        Asm.jnz(loop);
    }

    private static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[Arguments + (int)Marshal.OffsetOf<AmxPackingArguments>(field)];
}
