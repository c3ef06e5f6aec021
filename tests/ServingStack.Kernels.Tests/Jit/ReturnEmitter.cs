using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Tests.Jit;

/// <summary>A kernel that does nothing but what its body is told to.</summary>
internal sealed class ReturnEmitter(Action<ReturnEmitter>? body = null, string name = "return") : KernelEmitter
{
    public override string Name => name;

    public VectorRegisters Registers => Vectors;

    public Iced.Intel.Assembler Assembler => Asm;

    protected override void EmitBody() => body?.Invoke(this);
}
