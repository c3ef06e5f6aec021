using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Jit;

/// <summary>What one core can do at most on AMX tiles of bytes: as <see cref="PeakThroughput"/>, for kernels on tiles.</summary>
public sealed unsafe class TileThroughput : IDisposable
{
    private const int Rounds = 10_000;
    private const int Sums = 4;

    private readonly EmittedKernel _kernel;

    /// <summary>Throws <see cref="PlatformNotSupportedException"/> where the process may not use tiles.</summary>
    public TileThroughput()
    {
        var found = MachineFeatures.Current.InstructionSet;
        if (found < InstructionSet.Avx512Amx)
            throw new PlatformNotSupportedException($"The peak of tiles cannot be measured on a machine held to {found}.");
        var emitter = new Emitter();
        _kernel = new EmittedKernel(emitter.Name, emitter.Emit());
    }

    /// <summary>A multiply-add counts as two.</summary>
    public static long OperationsPerRun => 2L * Rounds * Sums * TileBlock.TileRows * TileBlock.TileRows * TileBlock.StepBytes;

    public void Run()
    {
        var arguments = new TileRun { Configuration = TileConfiguration.Of(TileBlock.MostRows), Rounds = Rounds };
        ((delegate* unmanaged<TileRun*, void>)_kernel.Address)(&arguments);
    }

    public void Dispose() => _kernel.Dispose();

    [StructLayout(LayoutKind.Sequential)]
    private struct TileRun
    {
        public TileConfiguration Configuration;
        public nint Rounds;
    }

    private sealed class Emitter : KernelEmitter
    {
        public override string Name => "peak_tiles";

        protected override void EmitBody()
        {
            Asm.ldtilecfg(__[Arguments]);
            Asm.mov(rax, __qword_ptr[Arguments + sizeof(TileConfiguration)]);
            var loop = Asm.CreateLabel();
            Asm.Label(ref loop);
            Asm.tdpbusd(tmm0, tmm4, tmm6);
            Asm.tdpbusd(tmm1, tmm4, tmm7);
            Asm.tdpbusd(tmm2, tmm5, tmm6);
            Asm.tdpbusd(tmm3, tmm5, tmm7);
            Asm.dec(rax);
            Asm.jnz(loop);
            Asm.tilerelease();
        }
    }
}
