using Iced.Intel;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// What one core can do at most: independent multiply-adds on registers, no memory. A kernel's speed divided by this one's, measured in the
/// same run, says how much it leaves on the table, whatever the processor's clock does.
/// </summary>
public sealed unsafe class PeakThroughput : IDisposable
{
    private const int Rounds = 20_000;
    private const int Sums = 28;
    private const int Lanes = 16;

    private readonly EmittedKernel _kernel;

    /// <summary>Throws <see cref="PlatformNotSupportedException"/> where the instruction does not exist.</summary>
    /// <param name="quantized">u8 x s8 dot products (AVX-512 VNNI), otherwise fp32 multiply-adds (AVX-512).</param>
    public PeakThroughput(bool quantized)
    {
        var needed = Needs(quantized);
        var found = MachineFeatures.Current.InstructionSet;
        if (found < needed)
            throw new PlatformNotSupportedException($"The peak of {needed} cannot be measured on a machine held to {found}.");
        var emitter = new Emitter(quantized);
        _kernel = new EmittedKernel(emitter.Name, emitter.Emit());
        OperationsPerRun = 2L * Rounds * Sums * Lanes * (quantized ? 4 : 1);
    }

    /// <summary>A multiply-add counts as two.</summary>
    public long OperationsPerRun { get; }

    /// <summary>The level whose peak it is.</summary>
    public static InstructionSet Needs(bool quantized) => quantized ? InstructionSet.Avx512Vnni : InstructionSet.Avx512Bw;

    public void Run()
    {
        var rounds = (nint)Rounds;
        ((delegate* unmanaged<nint*, void>)_kernel.Address)(&rounds);
    }

    public void Dispose() => _kernel.Dispose();

    private sealed class Emitter(bool quantized) : KernelEmitter
    {
        public override string Name => quantized ? "peak_int8" : "peak_fp32";

        protected override void EmitBody()
        {
            var sums = Vectors.Take(Sums, "sums");
            var (a, b) = (Vectors.Take("a"), Vectors.Take("b"));
            foreach (var register in (AssemblerRegisterZMM[])[.. sums, a, b]) Asm.vpxord(register, register, register);
            Asm.mov(General[0], AssemblerRegisters.__qword_ptr[Arguments]);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            foreach (var sum in sums)
                if (quantized) Asm.vpdpbusd(sum, a, b);
                else Asm.vfmadd231ps(sum, a, b);
            Asm.dec(General[0]);
            Asm.jnz(loop);
        }
    }
}
