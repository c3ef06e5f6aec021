using Iced.Intel;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// A debugging aid: with <c>SERVINGSTACK_POISON=1</c> every emitted kernel begins by filling all vector registers with ones, which is NaN as
/// floats and -1 as integers, and all masks with zeros. Code that reads a register before it sets one then computes visibly wrong numbers,
/// instead of right ones whenever the register happens to be clean.
/// </summary>
internal static class RegisterPoison
{
    public const string Variable = "SERVINGSTACK_POISON";

    private const int NarrowRegisters = 16;
    private const int WideRegisters = 32;
    private const int Masks = 8;
    private const byte AllOnes = 0xFF;

    public static bool IsOn { get; } = Environment.GetEnvironmentVariable(Variable) == "1";

    public static void Emit(Assembler asm)
    {
        if (MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw)
        {
            for (var i = 0; i < NarrowRegisters; i++) Fill(asm, new AssemblerRegisterYMM(Register.YMM0 + i));
            return;
        }
        for (var i = 0; i < WideRegisters; i++)
        {
            var register = new AssemblerRegisterZMM(Register.ZMM0 + i);
            asm.vpternlogd(register, register, register, AllOnes);
        }
        for (var i = 1; i < Masks; i++)
        {
            var mask = new AssemblerRegisterK(Register.K0 + i);
            asm.kxorq(mask, mask, mask);
        }
    }

    private static void Fill(Assembler asm, AssemblerRegisterYMM register) => asm.vpcmpeqd(register, register, register);
}
