using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// Rows of 4-bit codes. There are only 16 numbers in a row: they are worked out once a row, one a lane, and a permutation picks each
/// element's. It heeds the lowest four bits of a lane alone, so a shift is all the unpacking (<see cref="NibbleOrder"/>).
/// </summary>
internal sealed class EmbeddingNibblesEmitter(EmbeddingBagKernelKey key) : EmbeddingBagEmitter(key)
{
    private AssemblerRegisterZMM _numbers;
    private AssemblerRegisterZMM _bias;
    private AssemblerRegisterZMM _lane;
    private AssemblerRegisterZMM _group;
    private AssemblerRegisterZMM _codes;
    private AssemblerRegisterZMM? _singleShifts;

    protected override void LoadConstants()
    {
        (_numbers, _bias) = (Vectors.Take("the row's 16 numbers"), Vectors.Take("the bias"));
        (_group, _codes) = (Vectors.Take("a group of vectors"), Vectors.Take("a vector's codes"));
        _lane = Vectors.Take("lane numbers");
        Asm.vmovups(_lane, Constant([.. Enumerable.Range(0, Lanes).Select(lane => BitConverter.SingleToUInt32Bits(lane))]));
        if (NibbleOrder.VectorCount(Format.Dimension) % 2 == 0) return;
        _singleShifts = Vectors.Take("shifts of a single vector");
        Asm.vmovdqu32(_singleShifts.Value, Constant([.. Enumerable.Range(0, Lanes).Select(lane => (uint)(lane / 2 * 4))]));
    }

    protected override void AddRow(int first, AssemblerRegisterZMM[] sums)
    {
        EmbeddingScale.Load(Asm, Format, Row, _numbers, _bias);
        // lane * scale + bias, in place of the scale.
        Asm.vfmadd213ps(_numbers, _lane, _bias);
        if (Problem.Weighted) Asm.vmulps(_numbers, _numbers, Weight);
        for (var i = 0; i < sums.Length;)
        {
            var group = NibbleOrder.GroupSize(sums.Length - i);
            LoadGroup(group, (first + i) * Lanes / 2);
            for (var vector = 0; vector < group; vector++, i++)
            {
                var codes = _group;
                if (vector > 0) Asm.vpsrld(codes = _codes, _group, (byte)(4 * vector));
                Asm.vpermps(_codes, codes, _numbers);
                Asm.vaddps(sums[i], sums[i], _codes);
            }
        }
    }

    /// <summary>A group's codes, as many a lane as it has vectors.</summary>
    private void LoadGroup(int group, int offset)
    {
        if (group == 8) Asm.vmovdqu32(_group, __zmmword_ptr[Row + offset]);
        else if (group == 4) Asm.vpmovzxwd(_group, __ymmword_ptr[Row + offset]);
        else if (group == 2) Asm.vpmovzxbd(_group, __xmmword_ptr[Row + offset]);
        else
        {
            Asm.vpbroadcastq(_group, __qword_ptr[Row + offset]);
            Asm.vpsrlvd(_group, _group, _singleShifts!.Value);
        }
    }
}
