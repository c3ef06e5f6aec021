using Iced.Intel;

namespace ServingStack.Kernels.Jit;

/// <summary>512-bit vectors; a cut vector's mask is in k1.</summary>
internal sealed class Avx512Instructions(Assembler asm) : VectorInstructions
{
    public override int Bytes => 64;

    public override uint[] PackedOrder => [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

    public override void Load(AssemblerRegisterZMM target, AssemblerMemoryOperand source) => asm.vmovups(target, source);

    public override void Store(AssemblerMemoryOperand target, AssemblerRegisterZMM source) => asm.vmovups(target, source);

    public override void Copy(AssemblerRegisterZMM target, AssemblerRegisterZMM source) => asm.vmovaps(target, source);

    public override void Broadcast(AssemblerRegisterZMM target, AssemblerMemoryOperand source) => asm.vpbroadcastd(target, source);

    public override void BroadcastFirst(AssemblerRegisterZMM target, AssemblerRegisterZMM source) =>
        asm.vpbroadcastd(target, VectorRegisters.Low(source));

    public override void LoadPartOfLane(AssemblerRegisterZMM target, AssemblerMemoryOperand source, int bytes) =>
        asm.vmovdqu8(VectorRegisters.Low(target).k2.z, source);

    public override void Xor(AssemblerRegisterZMM target, VectorOperand other)
    {
        if (other.InMemory) asm.vpxord(target, target, other.Memory);
        else asm.vpxord(target, target, other.Register);
    }

    public override void AddQuadProducts(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, VectorOperand b)
    {
        if (b.InMemory) asm.vpdpbusd(sum, a, b.Memory);
        else asm.vpdpbusd(sum, a, b.Register);
    }

    public override void AddProductsOfFloats(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, VectorOperand b)
    {
        if (b.InMemory) asm.vfmadd231ps(sum, a, b.Memory);
        else asm.vfmadd231ps(sum, a, b.Register);
    }

    public override void PairProducts(AssemblerRegisterZMM target, AssemblerRegisterZMM a, VectorOperand b)
    {
        if (b.InMemory) asm.vpmaddubsw(target, a, b.Memory);
        else asm.vpmaddubsw(target, a, b.Register);
    }

    public override void AddNeighbours(AssemblerRegisterZMM words, VectorOperand ones)
    {
        if (ones.InMemory) asm.vpmaddwd(words, words, ones.Memory);
        else asm.vpmaddwd(words, words, ones.Register);
    }

    public override void AddWords(AssemblerRegisterZMM sum, AssemblerRegisterZMM other) => asm.vpaddw(sum, sum, other);

    public override void AddIntegers(AssemblerRegisterZMM sum, AssemblerRegisterZMM other) => asm.vpaddd(sum, sum, other);

    public override void SubtractIntegers(AssemblerRegisterZMM target, AssemblerMemoryOperand other) => asm.vpsubd(target, target, other);

    public override void ToFloats(AssemblerRegisterZMM target) => asm.vcvtdq2ps(target, target);

    public override void ToIntegers(AssemblerRegisterZMM target) => asm.vcvtps2dq(target, target);

    public override void Multiply(AssemblerRegisterZMM target, VectorOperand other)
    {
        if (other.InMemory) asm.vmulps(target, target, other.Memory);
        else asm.vmulps(target, target, other.Register);
    }

    public override void Max(AssemblerRegisterZMM target, AssemblerRegisterZMM bound) => asm.vmaxps(target, bound, target);

    public override void Min(AssemblerRegisterZMM target, AssemblerRegisterZMM bound) => asm.vminps(target, bound, target);

    public override void LoadLanes(AssemblerRegisterZMM target, AssemblerMemoryOperand source, LastColumns last) =>
        asm.vmovups(last.Cut ? target.k1.z : target, source);

    public override void LoadBytes(AssemblerRegisterZMM target, AssemblerMemoryOperand source, bool signed, LastColumns last)
    {
        if (signed) asm.vpmovsxbd(last.Cut ? target.k1.z : target, source);
        else asm.vpmovzxbd(last.Cut ? target.k1.z : target, source);
    }

    public override void StoreLanes(
        AssemblerMemoryOperand target, AssemblerRegisterZMM source, AssemblerRegisterZMM scratch, LastColumns last) =>
        asm.vmovups(last.Cut ? target.k1 : target, source);

    public override void PackWords(AssemblerRegisterZMM target, AssemblerRegisterZMM other) => asm.vpackssdw(target, target, other);

    public override void AddWordsSaturating(AssemblerRegisterZMM target, AssemblerMemoryOperand other) =>
        asm.vpaddsw(target, target, other);

    public override void PackBytes(AssemblerRegisterZMM target, AssemblerRegisterZMM other, bool signed)
    {
        if (signed) asm.vpacksswb(target, target, other);
        else asm.vpackuswb(target, target, other);
    }

    public override void Unravel(AssemblerRegisterZMM target, AssemblerRegisterZMM scratch, AssemblerMemoryOperand order)
    {
        asm.vmovups(scratch, order);
        asm.vpermd(target, scratch, target);
    }

    public override void StoreQuarters(
        AssemblerMemoryOperand target, AssemblerRegisterZMM packed, int first, int count, AssemblerRegisterZMM scratch, LastColumns last)
    {
        if (count == 4) asm.vmovups(target, packed);
        else if (count == 2 && first == 0) asm.vmovdqu32(target, VectorRegisters.Half(packed));
        else if (count == 2) asm.vextracti64x4(target, packed, (byte)(first / 2));
        else StoreQuarter(target, packed, first, scratch, last);
    }

    private void StoreQuarter(
        AssemblerMemoryOperand target, AssemblerRegisterZMM packed, int quarter, AssemblerRegisterZMM scratch, LastColumns last)
    {
        if (!last.Cut && quarter > 0)
        {
            asm.vextracti32x4(target, packed, (byte)quarter);
            return;
        }
        var low = VectorRegisters.Low(quarter == 0 ? packed : scratch);
        if (quarter > 0) asm.vextracti32x4(low, packed, (byte)quarter);
        asm.vmovdqu8(last.Cut ? target.k1 : target, low);
    }
}
