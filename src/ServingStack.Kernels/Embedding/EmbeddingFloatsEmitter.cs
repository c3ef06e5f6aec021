using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>Rows of fp32 or fp16 numbers: a load and an addition a vector.</summary>
internal sealed class EmbeddingFloatsEmitter(EmbeddingBagKernelKey key) : EmbeddingBagEmitter(key)
{
    private AssemblerRegisterZMM _half;
    private AssemblerRegisterZMM _weight;

    protected override void LoadConstants()
    {
        if (Format.Type == EmbeddingRowType.Float16) _half = Vectors.Take("numbers that were fp16");
        if (Problem.Weighted) _weight = Vectors.Take("the weight");
    }

    protected override void AddRow(int first, AssemblerRegisterZMM[] sums)
    {
        if (Problem.Weighted) Asm.vbroadcastss(_weight, __dword_ptr[Weights]);
        for (var i = 0; i < sums.Length; i++)
        {
            var sum = IsCut(first + i) ? sums[i].k1 : sums[i];
            if (Format.Type == EmbeddingRowType.Float16) AddHalves(first + i, sum);
            else if (Problem.Weighted) Asm.vfmadd231ps(sum, _weight, __zmmword_ptr[Row + (64 * (first + i))]);
            else Asm.vaddps(sum, sums[i], __zmmword_ptr[Row + (64 * (first + i))]);
        }
    }

    private void AddHalves(int vector, AssemblerRegisterZMM sum)
    {
        Asm.vcvtph2ps(IsCut(vector) ? _half.k1.z : _half, __ymmword_ptr[Row + (32 * vector)]);
        if (Problem.Weighted) Asm.vfmadd231ps(sum, _weight, _half);
        else Asm.vaddps(sum, sum, _half);
    }
}
