using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Tests.Jit;

public unsafe class KernelEmitterTests
{
    [Fact]
    public void Registers_BeyondTheBudget_FailTheEmissionAndSayForWhat()
    {
        var emitter = new ReturnEmitter(e =>
        {
            e.Registers.Take(30, "sums");
            e.Registers.Take(3, "columns");
        });
        var error = Assert.Throws<EmissionException>(() => emitter.Emit());
        Assert.Contains("3 vector registers are needed for columns, but 2 of 32 are free", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Registers_GivenBack_AreHandedOutAgain()
    {
        var registers = new VectorRegisters();
        registers.Take(30, "sums");
        var mark = registers.Mark();
        var first = registers.Take("a broadcast");
        registers.ReturnTo(mark);
        Assert.Equal(first, registers.Take("another"));
    }

    [Fact]
    public void Body_ThatCannotBeAssembled_FailsWithTheKernelsName()
    {
        var emitter = new ReturnEmitter(PlaceOneLabelTwice, "broken");
        var error = Assert.Throws<EmissionException>(() => emitter.Emit());
        Assert.Contains("broken", error.Message, StringComparison.Ordinal);
    }

    private static void PlaceOneLabelTwice(ReturnEmitter emitter)
    {
        var label = emitter.Assembler.CreateLabel();
        emitter.Assembler.Label(ref label);
        emitter.Assembler.nop();
        emitter.Assembler.Label(ref label);
    }

    [EmittingFact]
    public void Kernel_Called_GetsItsArgumentsAndKeepsTheCallersRegisters()
    {
        var emitter = new ReturnEmitter(e =>
        {
            e.Assembler.mov(rax, __qword_ptr[r15]);
            foreach (var saved in (AssemblerRegister64[])[rbx, rbp, r12, r13, r14]) e.Assembler.xor(saved, saved);
            e.Assembler.inc(rax);
            e.Assembler.mov(__qword_ptr[r15], rax);
        });
        using var kernel = new EmittedKernel(emitter.Name, emitter.Emit());
        var value = 41L;
        for (var i = 0; i < 1000; i++) ((delegate* unmanaged<long*, void>)kernel.Address)(&value);
        Assert.Equal(1041, value);
    }
}
