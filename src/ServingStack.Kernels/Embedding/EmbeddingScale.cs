using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>Brings a row's scale and bias into all lanes of two registers.</summary>
internal static class EmbeddingScale
{
    public static void Load(
        Assembler asm, EmbeddingRowFormat format, AssemblerRegister64 row, AssemblerRegisterZMM scale, AssemblerRegisterZMM bias)
    {
        if (format.ScaleType == DataType.Float32)
        {
            asm.vbroadcastss(scale, __dword_ptr[row + format.CodeBytes]);
            asm.vbroadcastss(bias, __dword_ptr[row + format.CodeBytes + sizeof(float)]);
            return;
        }
        // Scales come to lie in even lanes, biases in odd ones.
        asm.vpbroadcastd(VectorRegisters.Half(scale), __dword_ptr[row + format.CodeBytes]);
        asm.vcvtph2ps(scale, VectorRegisters.Half(scale));
        asm.vmovshdup(bias, scale);
        asm.vmovsldup(scale, scale);
    }
}
