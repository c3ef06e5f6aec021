using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// Writes the machine code of one kernel: a function that takes one address, of its arguments, and returns nothing. The base gives the
/// frame for the System V and the Windows calling convention; a kernel writes its body between them.
/// </summary>
internal abstract class KernelEmitter(int vectorRegisters = VectorRegisters.Most)
{
    /// <summary>The general registers a body may use besides <see cref="Arguments"/>; all but the stack pointer.</summary>
    protected static readonly AssemblerRegister64[] General = [rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14];

    private static readonly AssemblerRegister64[] SavedBySystemV = [rbx, rbp, r12, r13, r14, r15];
    private static readonly AssemblerRegister64[] SavedByWindows = [.. SavedBySystemV, rsi, rdi];
    private static readonly AssemblerRegisterXMM[] VectorsSavedByWindows =
        [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

    /// <summary>The address of the kernel's arguments, all through the body.</summary>
    protected static AssemblerRegister64 Arguments => r15;

    private readonly List<(Label Label, uint[] Words)> _constants = [];

    /// <summary>What profilers and dumps call the code.</summary>
    public abstract string Name { get; }

    protected Assembler Asm { get; } = new(64);

    protected VectorRegisters Vectors { get; } = new(vectorRegisters);

    /// <summary>The finished code, free of absolute addresses.</summary>
    /// <param name="poisoned">Whether it begins with <see cref="RegisterPoison"/>.</param>
    public byte[] Emit(bool poisoned = false)
    {
        try
        {
            Enter();
            if (poisoned) RegisterPoison.Emit(Asm);
            EmitBody();
            Leave();
            PlaceConstants();
            using var stream = new MemoryStream();
            Asm.Assemble(new StreamCodeWriter(stream), rip: 0);
            return stream.ToArray();
        }
        catch (Exception defect) when (defect is InvalidOperationException or ArgumentException)
        {
            throw new EmissionException($"{Name} cannot be assembled: {defect.Message}", defect);
        }
    }

    protected abstract void EmitBody();

    /// <summary>The address of numbers that lie behind the code.</summary>
    protected AssemblerMemoryOperand Constant(uint[] words)
    {
        var label = Asm.CreateLabel();
        _constants.Add((label, words));
        return __zmmword_ptr[label];
    }

    private void Enter()
    {
        var windows = OperatingSystem.IsWindows();
        foreach (var register in windows ? SavedByWindows : SavedBySystemV) Asm.push(register);
        if (windows)
        {
            Asm.sub(rsp, 16 * VectorsSavedByWindows.Length);
            for (var i = 0; i < VectorsSavedByWindows.Length; i++) Asm.vmovups(__xmmword_ptr[rsp + (16 * i)], VectorsSavedByWindows[i]);
        }
        Asm.mov(Arguments, windows ? rcx : rdi);
    }

    private void Leave()
    {
        var windows = OperatingSystem.IsWindows();
        Asm.vzeroupper();
        if (windows)
        {
            for (var i = 0; i < VectorsSavedByWindows.Length; i++) Asm.vmovups(VectorsSavedByWindows[i], __xmmword_ptr[rsp + (16 * i)]);
            Asm.add(rsp, 16 * VectorsSavedByWindows.Length);
        }
        foreach (var register in (windows ? SavedByWindows : SavedBySystemV).Reverse()) Asm.pop(register);
        Asm.ret();
    }

    private void PlaceConstants()
    {
        foreach (var (label, words) in _constants)
        {
            var here = label;
            Asm.Label(ref here);
            foreach (var word in words) Asm.dd(word);
        }
    }
}
