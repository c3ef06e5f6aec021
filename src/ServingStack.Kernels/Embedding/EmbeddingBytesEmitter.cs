using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// Rows of 8-bit codes: code * scale is added to the sums; biases are the same for all numbers of a row and are summed on their own.
/// </summary>
internal sealed class EmbeddingBytesEmitter(EmbeddingBagKernelKey key) : EmbeddingBagEmitter(key)
{
    private AssemblerRegisterZMM _scale;
    private AssemblerRegisterZMM _bias;
    private AssemblerRegisterZMM _biases;
    private AssemblerRegisterZMM[] _codes = [];

    protected override void LoadConstants()
    {
        (_scale, _bias, _biases) = (Vectors.Take("the scale"), Vectors.Take("the bias"), Vectors.Take("the sum of biases"));
        _codes = Vectors.Take(2, "codes");
    }

    protected override void StartBlock() => Asm.vpxord(_biases, _biases, _biases);

    protected override void AddRow(int first, AssemblerRegisterZMM[] sums)
    {
        EmbeddingScale.Load(Asm, Format, Row, _scale, _bias);
        if (Problem.Weighted)
        {
            Asm.vmulps(_scale, _scale, Weight);
            Asm.vfmadd231ps(_biases, _bias, Weight);
        }
        else
        {
            Asm.vaddps(_biases, _biases, _bias);
        }
        for (var i = 0; i < sums.Length; i++)
        {
            var codes = _codes[i % _codes.Length];
            Asm.vpmovzxbd(IsCut(first + i) ? codes.k1.z : codes, __xmmword_ptr[Row + (Lanes * (first + i))]);
            Asm.vcvtdq2ps(codes, codes);
            Asm.vfmadd231ps(sums[i], codes, _scale);
        }
    }

    protected override void FinishBlock(AssemblerRegisterZMM[] sums)
    {
        foreach (var sum in sums) Asm.vaddps(sum, sum, _biases);
    }
}
