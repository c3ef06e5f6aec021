using Iced.Intel;
using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Adds partial sums: the 1, 2, 4 or 8 registers of a pixel, whose neighbouring positions belong together, become one register with one
/// output a position.
/// </summary>
internal sealed class GroupedSums(Assembler asm, VectorRegisters vectors, bool floats)
{
    /// <summary>Leaves each pixel's outputs in the first of its <paramref name="count"/> registers.</summary>
    public void AddPartials(AssemblerRegisterZMM[] sums, int count)
    {
        if (count == 1) return;
        var mark = vectors.Mark();
        var spare = vectors.Take("partial sums");
        for (var first = 0; first < sums.Length; first += count)
        {
            var x = sums.AsSpan(first, count);
            if (count == 2) AddPairs(x[0], x[1], spare);
            if (count >= 4) AddQuads(x[0], x[1], x[2], x[3], spare);
            if (count == 8) AddEights(x, spare);
        }
        vectors.ReturnTo(mark);
    }

    // Positions 0 and 2 of a lane, then 1 and 3: of a first, of b after it.
    private void AddPairs(AssemblerRegisterZMM a, AssemblerRegisterZMM b, AssemblerRegisterZMM spare)
    {
        asm.vshufps(spare, a, b, 0x88);
        asm.vshufps(a, a, b, 0xDD);
        Add(a, spare);
    }

    // A lane ends as the sums of a's, b's, c's and d's lane.
    private void AddQuads(
        AssemblerRegisterZMM a, AssemblerRegisterZMM b, AssemblerRegisterZMM c, AssemblerRegisterZMM d, AssemblerRegisterZMM spare)
    {
        asm.vunpcklps(spare, a, b);
        asm.vunpckhps(a, a, b);
        Add(a, spare);
        asm.vunpcklps(spare, c, d);
        asm.vunpckhps(c, c, d);
        Add(c, spare);
        asm.vunpcklpd(spare, a, c);
        asm.vunpckhpd(a, a, c);
        Add(a, spare);
    }

    // Two lanes are one group: even and odd lanes are added, then brought from "outputs 0-3 of both groups, 4-7 of both" to group by group.
    private void AddEights(Span<AssemblerRegisterZMM> x, AssemblerRegisterZMM spare)
    {
        AddQuads(x[4], x[5], x[6], x[7], spare);
        asm.vshuff32x4(spare, x[0], x[4], 0x88);
        asm.vshuff32x4(x[0], x[0], x[4], 0xDD);
        Add(x[0], spare);
        asm.vshuff32x4(x[0], x[0], x[0], 0xD8);
    }

    private void Add(AssemblerRegisterZMM a, AssemblerRegisterZMM b)
    {
        if (floats) asm.vaddps(a, a, b);
        else asm.vpaddd(a, a, b);
    }
}
