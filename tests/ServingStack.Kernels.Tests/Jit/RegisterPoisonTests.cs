using System.Runtime.CompilerServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Tests.Jit;

/// <summary>All kernels of these tests start from poisoned registers; here it is checked that they do.</summary>
public unsafe class RegisterPoisonTests
{
    // Before the first kernel is emitted; and no row may refuse because the machine was busy when speeds were measured. Analyzers warn of
    // initializers in libraries, which this is not.
#pragma warning disable CA2255
    [ModuleInitializer]
    internal static void PoisonEveryKernel()
    {
        Environment.SetEnvironmentVariable(RegisterPoison.Variable, "1");
        Environment.SetEnvironmentVariable(PairSpeeds.Variable, "1");
    }
#pragma warning restore CA2255

    [EmittingFact]
    public void Kernel_ThatReadsARegisterItNeverSet_GetsAllOnes()
    {
        var emitter = new ReturnEmitter(e => e.Assembler.vmovups(__ymmword_ptr[r15], ymm13));
        using var kernel = new EmittedKernel(emitter.Name, emitter.Emit(poisoned: true));
        var read = stackalloc int[8];
        ((delegate* unmanaged<int*, void>)kernel.Address)(read);
        Assert.Equal(Enumerable.Repeat(-1, 8), new ReadOnlySpan<int>(read, 8).ToArray());
    }
}
