using System.Diagnostics;
using Iced.Intel;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// Whether dot products of bfloat16 pay here. A processor may have the instruction and yet compute more slowly with it than with fp32
/// multiply-adds, of which it replaces two; so both are timed, once, for some microseconds.
/// </summary>
internal static unsafe class BFloat16Speed
{
    // Rounding the activations must be paid as well.
    private const double LeastGain = 1.3;
    private const int Rounds = 500;
    private const int Repetitions = 20;
    private const int Sums = 28;

    private static readonly Lazy<string?> Measured = new(Measure);

    /// <summary>Why no kernel should use them; null when they pay.</summary>
    public static string? Refusal => MachineFeatures.Current.HasBFloat16Products ? Measured.Value : "needs AVX-512 BF16";

    private static string? Measure()
    {
        var gain = 2 * Seconds(products: false) / Seconds(products: true);
        return gain >= LeastGain ? null : FormattableString.Invariant(
            $"dot products of bfloat16 reach {gain:0.0} times the speed of fp32 multiply-adds on this processor; {LeastGain:0.0} would pay");
    }

    private static double Seconds(bool products)
    {
        var emitter = new Emitter(products);
        using var kernel = new EmittedKernel(emitter.Name, emitter.Emit());
        var best = double.PositiveInfinity;
        for (var i = 0; i < Repetitions; i++)
        {
            var rounds = (nint)Rounds;
            var start = Stopwatch.GetTimestamp();
            ((delegate* unmanaged<nint*, void>)kernel.Address)(&rounds);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    private sealed class Emitter(bool products) : KernelEmitter
    {
        public override string Name => products ? "speed_bf16" : "speed_fp32";

        protected override void EmitBody()
        {
            var sums = Vectors.Take(Sums, "sums");
            var (a, b) = (Vectors.Take("a"), Vectors.Take("b"));
            foreach (var register in (AssemblerRegisterZMM[])[.. sums, a, b]) Asm.vpxord(register, register, register);
            Asm.mov(General[0], AssemblerRegisters.__qword_ptr[Arguments]);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            foreach (var sum in sums)
                if (products) Asm.vdpbf16ps(sum, a, b);
                else Asm.vfmadd231ps(sum, a, b);
            Asm.dec(General[0]);
            Asm.jnz(loop);
        }
    }
}
