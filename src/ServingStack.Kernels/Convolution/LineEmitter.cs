using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The loops of a convolution for AVX-512 that goes along lines of output, in each over groups of neighbouring pixels, for a block of
/// channels; arithmetic is the subclass's. Addresses come from the <see cref="LineTable"/>, whose entries neighbouring pixels share.
/// </summary>
internal abstract class LineEmitter(LineKernelKey key) : KernelEmitter
{
    // Kernel rows are emitted one after the other up to here, as a loop beyond: the instruction cache must hold them.
    private const int StraightMultiplyAdds = 400;

    protected static readonly AssemblerRegister64 Channel = rbx;
    protected static readonly AssemblerRegister64 Output = rdi;
    protected static readonly AssemblerRegister64[] Addresses = [r8, r9, r10];

    private static readonly AssemblerRegister64 Table = rax;
    private static readonly AssemblerRegister64 Panel = rcx;
    private static readonly AssemblerRegister64 RowsLeft = r11;
    private static readonly AssemblerRegister64 RowTable = rbp;
    private static readonly AssemblerRegister64 RowPanel = r12;
    private static readonly AssemblerRegister64 Groups = r13;
    private static readonly AssemblerRegister64 Lines = r14;

    private bool _loopsOverRows;
    private int _row;
    private int _nextAddress;

    protected AssemblerRegisterZMM Lower { get; private set; }

    protected AssemblerRegisterZMM Upper { get; private set; }

    protected AssemblerRegisterZMM SignFlip { get; private set; }

    /// <summary>How a line is cut: runs of groups of equally many pixels.</summary>
    protected abstract IEnumerable<(int Pixels, int Groups)> PixelGroups { get; }

    protected override void EmitBody()
    {
        LoadConstants();
        Asm.mov(Channel, Argument(nameof(LineArguments.ChannelOffset)));
        Asm.mov(Panel, Argument(nameof(LineArguments.Panel)));
        var block = Asm.CreateLabel();
        Asm.Label(ref block);
        EmitLines();
        Asm.mov(Output, Argument(nameof(LineArguments.OutputStep)));
        Asm.add(Argument(nameof(LineArguments.Output)), Output);
        Asm.add(Channel, Argument(nameof(LineArguments.ChannelStep)));
        Asm.add(Panel, 64 * ((key.Rows * key.RowVectors) + key.BiasVectors + key.ScaleVectors));
        Asm.dec(Argument(nameof(LineArguments.Blocks)));
        Asm.jnz(block);
    }

    /// <summary>Registers that stay loaded for the whole call.</summary>
    protected virtual void LoadConstants()
    {
        if (key.ClampsBelow) Lower = Broadcast(nameof(LineArguments.Lower));
        if (key.ClampsAbove) Upper = Broadcast(nameof(LineArguments.Upper));
        if (key.Arithmetic != TileArithmetic.SignedBytes) return;
        SignFlip = Vectors.Take("the sign flip");
        Asm.mov(r8d, unchecked((int)0x80808080));
        Asm.vpbroadcastd(SignFlip, r8d);
    }

    /// <summary>Computes and stores <paramref name="pixels"/> neighbouring pixels, the first at <see cref="Output"/>.</summary>
    protected abstract void EmitPixels(int pixels);

    /// <summary>Emits the multiply-adds of all kernel rows: one after the other, or in a loop where there are many.</summary>
    protected void EmitRows(int multiplyAdds, Action emitRow)
    {
        _loopsOverRows = key.Rows > 1 && key.Rows * multiplyAdds > StraightMultiplyAdds;
        if (!_loopsOverRows)
        {
            for (_row = 0; _row < key.Rows; _row++) emitRow();
            return;
        }
        _row = 0;
        Asm.mov(RowTable, Table);
        Asm.mov(RowPanel, Panel);
        Asm.mov(RowsLeft, key.Rows);
        var next = Asm.CreateLabel();
        Asm.Label(ref next);
        emitRow();
        Asm.add(RowTable, sizeof(long));
        Asm.add(RowPanel, 64 * key.RowVectors);
        Asm.dec(RowsLeft);
        Asm.jnz(next);
    }

    /// <summary>A register that holds the address of a column, counted from the group's first pixel, in the current kernel row.</summary>
    protected AssemblerRegister64 AddressOf(int column)
    {
        var address = Addresses[_nextAddress++ % Addresses.Length];
        Asm.mov(address, __qword_ptr[(_loopsOverRows ? RowTable : Table) + (8 * ((column * key.Rows) + _row))]);
        return address;
    }

    /// <summary>A vector of the current kernel row's weights.</summary>
    protected AssemblerMemoryOperand WeightAt(int vector) => _loopsOverRows
        ? __zmmword_ptr[RowPanel + (64 * vector)]
        : __zmmword_ptr[Panel + (64 * ((_row * key.RowVectors) + vector))];

    /// <summary>A vector of the block's bias.</summary>
    protected AssemblerMemoryOperand BiasAt(int vector) => __zmmword_ptr[Panel + (64 * ((key.Rows * key.RowVectors) + vector))];

    protected void FlipSign(AssemblerRegisterZMM bytes)
    {
        if (key.Arithmetic == TileArithmetic.SignedBytes) Asm.vpxord(bytes, bytes, SignFlip);
    }

    /// <summary>From sums to integers that only have to be packed: scale, clamp, rounding.</summary>
    protected void Quantize(AssemblerRegisterZMM x, int scaleVector)
    {
        Asm.vcvtdq2ps(x, x);
        Asm.vmulps(x, x, __zmmword_ptr[Panel + (64 * ((key.Rows * key.RowVectors) + key.BiasVectors + scaleVector))]);
        Clamp(x);
        Asm.vcvtps2dq(x, x);
    }

    protected void Clamp(AssemblerRegisterZMM x)
    {
        // The bound comes first: a NaN in the second operand of max and min stays a NaN.
        if (key.ClampsBelow) Asm.vmaxps(x, Lower, x);
        if (key.ClampsAbove) Asm.vminps(x, Upper, x);
    }

    /// <summary>Four vectors of integers become one of bytes, in <paramref name="a"/>: each 128-bit lane has four bytes of each.</summary>
    protected void PackBytes(AssemblerRegisterZMM a, AssemblerRegisterZMM b, AssemblerRegisterZMM c, AssemblerRegisterZMM d)
    {
        Asm.vpackssdw(a, a, b);
        if (c != a) Asm.vpackssdw(c, c, d);
        if (key.HasOutputZeroPoint)
        {
            var zeroPoints = __zmmword_ptr[Arguments + Offset(nameof(LineArguments.OutputZeroPoints))];
            Asm.vpaddsw(a, a, zeroPoints);
            if (c != a) Asm.vpaddsw(c, c, zeroPoints);
        }
        if (key.Output == DataType.UInt8) Asm.vpackuswb(a, a, c);
        else Asm.vpacksswb(a, a, c);
    }

    private void EmitLines()
    {
        Asm.mov(Table, Argument(nameof(LineArguments.Table)));
        Asm.mov(Output, Argument(nameof(LineArguments.Output)));
        Asm.mov(Lines, Argument(nameof(LineArguments.Lines)));
        var line = Asm.CreateLabel();
        Asm.Label(ref line);
        foreach (var (pixels, groups) in PixelGroups)
            if (groups > 0) EmitGroups(pixels, groups);
        Asm.add(Table, Argument(nameof(LineArguments.TableSkip)));
        Asm.dec(Lines);
        Asm.jnz(line);
    }

    private void EmitGroups(int pixels, int groups)
    {
        if (groups == 1)
        {
            EmitGroup(pixels);
            return;
        }
        Asm.mov(Groups, groups);
        var group = Asm.CreateLabel();
        Asm.Label(ref group);
        EmitGroup(pixels);
        Asm.dec(Groups);
        Asm.jnz(group);
    }

    private void EmitGroup(int pixels)
    {
        EmitPixels(pixels);
        Asm.add(Table, sizeof(long) * pixels * key.StrideX * key.Rows);
        Asm.add(Output, pixels * key.OutputStride);
    }

    private AssemblerRegisterZMM Broadcast(string field)
    {
        var register = Vectors.Take(field);
        Asm.vbroadcastss(register, __dword_ptr[Arguments + Offset(field)]);
        return register;
    }

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[Arguments + Offset(field)];

    private static int Offset(string field) => (int)Marshal.OffsetOf<LineArguments>(field);
}
