using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Jit;

/// <summary>Machine code ready to be called: <c>void kernel(arguments*)</c>.</summary>
internal sealed class EmittedKernel(string name, byte[] code) : IDisposable
{
    private readonly ExecutableMemory _memory = new(code);

    public string Name { get; } = name;

    public int ByteLength => _memory.ByteLength;

    public nint Address => _memory.Address;

    public void Dispose() => _memory.Dispose();
}
