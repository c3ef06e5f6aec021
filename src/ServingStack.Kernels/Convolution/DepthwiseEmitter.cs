using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The loops of a depthwise kernel for AVX-512: over lines, and in a line over groups of pixels; arithmetic is the subclass's. Addresses
/// come
/// from the <see cref="DepthwiseTable"/>, whose entries neighbouring pixels share.
/// </summary>
internal abstract class DepthwiseEmitter(DepthwiseKernelKey key) : KernelEmitter
{
    protected static readonly AssemblerRegister64 Table = rax;
    protected static readonly AssemblerRegister64 Channel = rbx;
    protected static readonly AssemblerRegister64 Weights = rcx;
    protected static readonly AssemblerRegister64 Bias = rdx;
    protected static readonly AssemblerRegister64 Scale = rsi;
    protected static readonly AssemblerRegister64 Output = rdi;
    protected static readonly AssemblerRegister64[] Addresses = [r8, r9, r10, r11];

    private static readonly AssemblerRegister64 OutputStride = r12;
    private static readonly AssemblerRegister64 Groups = r13;
    private static readonly AssemblerRegister64 Lines = r14;

    public override string Name => key.Name;

    protected DepthwiseKernelKey Key => key;

    protected AssemblerRegisterZMM Lower { get; private set; }

    protected AssemblerRegisterZMM Upper { get; private set; }

    /// <summary>Pixels that one round of the inner loop computes.</summary>
    protected abstract int PixelsTogether { get; }

    public static DepthwiseEmitter Create(DepthwiseKernelKey key) =>
        key.Arithmetic == TileArithmetic.Floats ? new DepthwiseFloatsEmitter(key) : new DepthwiseBytesEmitter(key);

    protected override void EmitBody()
    {
        LoadArguments();
        LoadConstants();
        var line = Asm.CreateLabel();
        Asm.Label(ref line);
        var groups = key.OutputWidth / PixelsTogether;
        if (groups > 0) EmitGroups(groups);
        if (key.OutputWidth % PixelsTogether is > 0 and var rest) EmitGroup(rest);
        Asm.add(Table, Argument(nameof(DepthwiseArguments.TableSkip)));
        Asm.dec(Lines);
        Asm.jnz(line);
    }

    /// <summary>Registers that stay loaded for the whole call.</summary>
    protected virtual void LoadConstants()
    {
        if (key.ClampsBelow) Lower = Broadcast(nameof(DepthwiseArguments.Lower));
        if (key.ClampsAbove) Upper = Broadcast(nameof(DepthwiseArguments.Upper));
    }

    /// <summary>Computes and stores <paramref name="pixels"/> neighbouring pixels; <see cref="AdvanceOutput"/> after each store.</summary>
    protected abstract void EmitPixels(int pixels);

    /// <summary>The table's entry for a tap of the group's pixel.</summary>
    protected AssemblerMemoryOperand Entry(int pixel, int tap)
    {
        var (ky, kx) = Math.DivRem(tap, key.KernelWidth);
        return __qword_ptr[Table + (8 * ((((pixel * key.StrideX) + (kx * key.DilationX)) * key.KernelHeight) + ky))];
    }

    protected void Clamp(AssemblerRegisterZMM x)
    {
        // The bound comes first: a NaN in the second operand of max and min stays a NaN.
        if (key.ClampsBelow) Asm.vmaxps(x, Lower, x);
        if (key.ClampsAbove) Asm.vminps(x, Upper, x);
    }

    protected void AdvanceOutput() => Asm.add(Output, OutputStride);

    protected static AssemblerMemoryOperand BroadcastArgument(string field) => __dword_bcst[Arguments + Offset(field)];

    private void EmitGroups(int groups)
    {
        Asm.mov(Groups, groups);
        var group = Asm.CreateLabel();
        Asm.Label(ref group);
        EmitGroup(PixelsTogether);
        Asm.dec(Groups);
        Asm.jnz(group);
    }

    private void EmitGroup(int pixels)
    {
        EmitPixels(pixels);
        Asm.add(Table, 8 * pixels * key.StrideX * key.KernelHeight);
    }

    private void LoadArguments()
    {
        Asm.mov(Table, Argument(nameof(DepthwiseArguments.Table)));
        Asm.mov(Channel, Argument(nameof(DepthwiseArguments.ChannelOffset)));
        Asm.mov(Weights, Argument(nameof(DepthwiseArguments.Weights)));
        Asm.mov(Bias, Argument(nameof(DepthwiseArguments.Bias)));
        Asm.mov(Scale, Argument(nameof(DepthwiseArguments.Scale)));
        Asm.mov(Output, Argument(nameof(DepthwiseArguments.Output)));
        Asm.mov(OutputStride, Argument(nameof(DepthwiseArguments.OutputStride)));
        Asm.mov(Lines, Argument(nameof(DepthwiseArguments.Lines)));
        if (key.MaskedChannels) Asm.kmovq(k1, Argument(nameof(DepthwiseArguments.ChannelMask)));
    }

    private AssemblerRegisterZMM Broadcast(string field)
    {
        var register = Vectors.Take(field);
        Asm.vbroadcastss(register, __dword_ptr[Arguments + Offset(field)]);
        return register;
    }

    private static AssemblerMemoryOperand Argument(string field) => __qword_ptr[Arguments + Offset(field)];

    private static int Offset(string field) => (int)Marshal.OffsetOf<DepthwiseArguments>(field);
}
