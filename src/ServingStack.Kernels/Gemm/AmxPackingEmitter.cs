using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Gemm;

/// <summary>How rows are cut, and where their pieces are found.</summary>
internal sealed record AmxPackingKey(TileRows RowsFrom, int Taps, int TapBytes)
{
    public string Name => $"amx_pack_k{Taps}x{TapBytes}_{RowsFrom}";
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

    /// <summary>Rows of a block.</summary>
    public nint Rows;
    public nint Blocks;
}

/// <summary>
/// Copies rows to where tiles can be loaded fast: each row contiguous, at the start of a cache line. (A tile whose rows lie across lines
/// takes six times as long to load.) Pieces start at whole groups of four bytes, as in the packed columns; what lies between stays zero.
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
    private static readonly AssemblerRegister64 Next = rdi;
    private static readonly AssemblerRegister64 Offset = rbp;
    private static readonly AssemblerRegister64 At = r8;
    private static readonly AssemblerRegister64 Taps = r9;
    private static readonly AssemblerRegister64 Blocks = r10;

    private int _register;

    public override string Name => key.Name;

    private int FullVectors => key.TapBytes / VectorBytes;

    private int TailBytes => key.TapBytes % VectorBytes;

    private int GroupBytes => (key.TapBytes + 3) / 4 * 4;

    protected override void EmitBody()
    {
        SetMasks();
        Asm.mov(Source, Argument(nameof(AmxPackingArguments.Source)));
        Asm.mov(Target, Argument(nameof(AmxPackingArguments.Target)));
        Asm.mov(TargetStride, Argument(nameof(AmxPackingArguments.TargetStride)));
        Asm.mov(Offset, Argument(key.RowsFrom == TileRows.Strided
            ? nameof(AmxPackingArguments.Stride) : nameof(AmxPackingArguments.Offset)));
        Asm.mov(Blocks, Argument(nameof(AmxPackingArguments.Blocks)));
        Repeat(Blocks, () =>
        {
            Asm.mov(Taps, key.Taps);
            Repeat(Taps, EmitTap);
            // From behind the last piece of the first row to the first of the next block.
            Asm.mov(Rows, Argument(nameof(AmxPackingArguments.Rows)));
            Asm.imul(Rows, TargetStride);
            Asm.lea(Target, __[Target + Rows - (key.Taps * GroupBytes)]);
        });
    }

    private void EmitTap()
    {
        Asm.mov(Rows, Argument(nameof(AmxPackingArguments.Rows)));
        Asm.mov(Next, Target);
        Repeat(Rows, () =>
        {
            if (key.RowsFrom == TileRows.Strided)
            {
                Asm.mov(Piece, Source);
                Asm.add(Source, Offset);
            }
            else
            {
                Asm.mov(Piece, __qword_ptr[Source]);
                Asm.add(Source, 8);
                if (key.RowsFrom == TileRows.OffsetTable) Asm.add(Piece, Offset);
            }
            EmitCopy();
            Asm.add(Next, TargetStride);
        });
        Asm.add(Target, GroupBytes);
    }

    private void EmitCopy()
    {
        var looped = FullVectors <= StraightVectors ? 0 : FullVectors / Unroll * Unroll;
        if (looped > 0)
        {
            Asm.xor(r8d, r8d);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            for (var i = 0; i < Unroll; i++) Copy(__zmmword_ptr[Piece + At + (64 * i)], __zmmword_ptr[Next + At + (64 * i)]);
            Asm.add(At, Unroll * VectorBytes);
            Asm.cmp(At, looped * VectorBytes);
            Asm.jne(loop);
        }
        for (var i = looped; i < FullVectors; i++) Copy(__zmmword_ptr[Piece + (64 * i)], __zmmword_ptr[Next + (64 * i)]);
        if (TailBytes == 0) return;
        var tail = zmm31;
        Asm.vmovdqu8(tail.k2.z, __zmmword_ptr[Piece + (64 * FullVectors)]);
        Asm.vmovdqu8(__zmmword_ptr[Next + (64 * FullVectors)].k3, tail);
    }

    private void Copy(AssemblerMemoryOperand from, AssemblerMemoryOperand to)
    {
        var register = new AssemblerRegisterZMM(Register.ZMM0 + (_register++ % 8));
        Asm.vmovups(register, from);
        Asm.vmovups(to, register);
    }

    // The last bytes are read by a mask of their own, and written with the zeros that fill up their group.
    private void SetMasks()
    {
        if (TailBytes == 0) return;
        SetMask(k2, TailBytes);
        SetMask(k3, GroupBytes % VectorBytes == 0 ? VectorBytes : GroupBytes % VectorBytes);
    }

    private void SetMask(AssemblerRegisterK mask, int bytes)
    {
        Asm.mov(rax, bytes == 64 ? -1L : (1L << bytes) - 1);
        Asm.kmovq(mask, rax);
    }

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
