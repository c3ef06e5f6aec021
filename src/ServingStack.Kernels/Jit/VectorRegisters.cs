using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// The vector registers (32, or 16 without AVX-512), handed out by name of use. Asking for more than there are fails the emission, in
/// release builds too: code that shares a register by accident would compute wrong numbers silently.
/// </summary>
internal sealed class VectorRegisters(int registers = VectorRegisters.Most)
{
    /// <summary>As many as AVX-512 has.</summary>
    public const int Most = 32;

    private static readonly AssemblerRegisterZMM[] All =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    private int _taken;

    /// <summary>The low 128 bits.</summary>
    public static AssemblerRegisterXMM Low(AssemblerRegisterZMM register) => new(Register.XMM0 + (register.Value - Register.ZMM0));

    /// <summary>The low 256 bits.</summary>
    public static AssemblerRegisterYMM Half(AssemblerRegisterZMM register) => new(Register.YMM0 + (register.Value - Register.ZMM0));

    /// <summary>What <see cref="Take(string)"/> would hand out; for a use that ends before anything else is taken.</summary>
    public AssemblerRegisterZMM Next => Free > 0 ? All[_taken] : throw new EmissionException("No vector register is free.");

    public int Free => registers - _taken;

    /// <summary>The next registers, for <paramref name="use"/> in messages.</summary>
    public AssemblerRegisterZMM[] Take(int count, string use)
    {
        if (count > Free)
            throw new EmissionException($"{count} vector registers are needed for {use}, but {Free} of {registers} are free.");
        _taken += count;
        return All[(_taken - count).._taken];
    }

    public AssemblerRegisterZMM Take(string use) => Take(1, use)[0];

    /// <summary>Remembers what is taken now; <see cref="ReturnTo"/> gives back everything taken later.</summary>
    public int Mark() => _taken;

    public void ReturnTo(int mark) => _taken = mark;
}
