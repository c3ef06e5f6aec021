using Iced.Intel;

namespace ServingStack.Kernels.Jit;

/// <summary>256-bit vectors, without masks: a cut vector is read and written in pieces.</summary>
internal sealed class Avx2Instructions(Assembler asm, Func<uint[], AssemblerMemoryOperand> constant) : VectorInstructions
{
    public override int Bytes => 32;

    public override uint[] PackedOrder => [0, 4, 1, 5, 2, 6, 3, 7];

    public override void Load(AssemblerRegisterZMM target, AssemblerMemoryOperand source) => asm.vmovups(Y(target), source);

    public override void Store(AssemblerMemoryOperand target, AssemblerRegisterZMM source) => asm.vmovups(target, Y(source));

    public override void Copy(AssemblerRegisterZMM target, AssemblerRegisterZMM source) => asm.vmovaps(Y(target), Y(source));

    public override void Broadcast(AssemblerRegisterZMM target, AssemblerMemoryOperand source) => asm.vpbroadcastd(Y(target), source);

    public override void BroadcastFirst(AssemblerRegisterZMM target, AssemblerRegisterZMM source) =>
        asm.vpbroadcastd(Y(target), VectorRegisters.Low(source));

    public override void LoadPartOfLane(AssemblerRegisterZMM target, AssemblerMemoryOperand source, int bytes) =>
        LoadPieces(VectorRegisters.Low(target), source, bytes);

    public override void Xor(AssemblerRegisterZMM target, VectorOperand other)
    {
        if (other.InMemory) asm.vpxor(Y(target), Y(target), other.Memory);
        else asm.vpxor(Y(target), Y(target), Y(other.Register));
    }

    public override void AddQuadProducts(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, VectorOperand b) =>
        throw new EmissionException("AVX2 has no dot product of bytes.");

    public override void AddProductsOfFloats(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, VectorOperand b)
    {
        if (b.InMemory) asm.vfmadd231ps(Y(sum), Y(a), b.Memory);
        else asm.vfmadd231ps(Y(sum), Y(a), Y(b.Register));
    }

    public override void PairProducts(AssemblerRegisterZMM target, AssemblerRegisterZMM a, VectorOperand b)
    {
        if (b.InMemory) asm.vpmaddubsw(Y(target), Y(a), b.Memory);
        else asm.vpmaddubsw(Y(target), Y(a), Y(b.Register));
    }

    public override void AddNeighbours(AssemblerRegisterZMM words, VectorOperand ones)
    {
        if (ones.InMemory) asm.vpmaddwd(Y(words), Y(words), ones.Memory);
        else asm.vpmaddwd(Y(words), Y(words), Y(ones.Register));
    }

    public override void AddWords(AssemblerRegisterZMM sum, AssemblerRegisterZMM other) => asm.vpaddw(Y(sum), Y(sum), Y(other));

    public override void AddIntegers(AssemblerRegisterZMM sum, AssemblerRegisterZMM other) => asm.vpaddd(Y(sum), Y(sum), Y(other));

    public override void SubtractIntegers(AssemblerRegisterZMM target, AssemblerMemoryOperand other) =>
        asm.vpsubd(Y(target), Y(target), other);

    public override void ToFloats(AssemblerRegisterZMM target) => asm.vcvtdq2ps(Y(target), Y(target));

    public override void ToIntegers(AssemblerRegisterZMM target) => asm.vcvtps2dq(Y(target), Y(target));

    public override void Multiply(AssemblerRegisterZMM target, VectorOperand other)
    {
        if (other.InMemory) asm.vmulps(Y(target), Y(target), other.Memory);
        else asm.vmulps(Y(target), Y(target), Y(other.Register));
    }

    public override void Max(AssemblerRegisterZMM target, AssemblerRegisterZMM bound) => asm.vmaxps(Y(target), Y(bound), Y(target));

    public override void Min(AssemblerRegisterZMM target, AssemblerRegisterZMM bound) => asm.vminps(Y(target), Y(bound), Y(target));

    public override void LoadLanes(AssemblerRegisterZMM target, AssemblerMemoryOperand source, LastColumns last)
    {
        if (last.Cut)
        {
            asm.vmovups(Y(target), constant(Mask(last.Columns)));
            asm.vmaskmovps(Y(target), Y(target), source);
        }
        else asm.vmovups(Y(target), source);
    }

    public override void LoadBytes(AssemblerRegisterZMM target, AssemblerMemoryOperand source, bool signed, LastColumns last)
    {
        var low = VectorRegisters.Low(target);
        if (last.Cut) LoadPieces(low, source, last.Columns);
        else asm.vmovq(low, source);
        if (signed) asm.vpmovsxbd(Y(target), low);
        else asm.vpmovzxbd(Y(target), low);
    }

    public override void StoreLanes(
        AssemblerMemoryOperand target, AssemblerRegisterZMM source, AssemblerRegisterZMM scratch, LastColumns last)
    {
        if (last.Cut)
        {
            asm.vmovups(Y(scratch), constant(Mask(last.Columns)));
            asm.vmaskmovps(target, Y(scratch), Y(source));
        }
        else asm.vmovups(target, Y(source));
    }

    public override void PackWords(AssemblerRegisterZMM target, AssemblerRegisterZMM other) =>
        asm.vpackssdw(Y(target), Y(target), Y(other));

    public override void AddWordsSaturating(AssemblerRegisterZMM target, AssemblerMemoryOperand other) =>
        asm.vpaddsw(Y(target), Y(target), other);

    public override void PackBytes(AssemblerRegisterZMM target, AssemblerRegisterZMM other, bool signed)
    {
        if (signed) asm.vpacksswb(Y(target), Y(target), Y(other));
        else asm.vpackuswb(Y(target), Y(target), Y(other));
    }

    public override void Unravel(AssemblerRegisterZMM target, AssemblerRegisterZMM scratch, AssemblerMemoryOperand order)
    {
        asm.vmovups(Y(scratch), order);
        asm.vpermd(Y(target), Y(scratch), Y(target));
    }

    public override void StoreQuarters(
        AssemblerMemoryOperand target, AssemblerRegisterZMM packed, int first, int count, AssemblerRegisterZMM scratch, LastColumns last)
    {
        if (count == 4)
        {
            asm.vmovups(target, Y(packed));
            return;
        }
        if (count == 2 && first == 2)
        {
            asm.vextracti128(target, Y(packed), 1);
            return;
        }
        var low = VectorRegisters.Low(packed);
        if (count == 2)
        {
            asm.vmovups(target, low);
            return;
        }
        if (first >= 2)
        {
            low = VectorRegisters.Low(scratch);
            asm.vextracti128(low, Y(packed), 1);
        }
        StorePieces(target, low, 8 * (first % 2), last.Cut ? last.Columns : 8);
    }

    private static AssemblerRegisterYMM Y(AssemblerRegisterZMM register) => VectorRegisters.Half(register);

    private static uint[] Mask(int columns) => [.. Enumerable.Range(0, 8).Select(i => i < columns ? uint.MaxValue : 0)];

    private void LoadPieces(AssemblerRegisterXMM target, AssemblerMemoryOperand source, int bytes)
    {
        asm.vpxor(target, target, target);
        foreach (var (at, size) in Pieces(bytes))
            if (size == 4) asm.vpinsrd(target, target, source + at, (byte)(at / 4));
            else if (size == 2) asm.vpinsrw(target, target, source + at, (byte)(at / 2));
            else asm.vpinsrb(target, target, source + at, (byte)at);
    }

    private void StorePieces(AssemblerMemoryOperand target, AssemblerRegisterXMM source, int offset, int bytes)
    {
        foreach (var (at, size) in Pieces(bytes))
            if (size == 8) asm.vpextrq(target + at, source, (byte)((offset + at) / 8));
            else if (size == 4) asm.vpextrd(target + at, source, (byte)((offset + at) / 4));
            else if (size == 2) asm.vpextrw(target + at, source, (byte)((offset + at) / 2));
            else asm.vpextrb(target + at, source, (byte)(offset + at));
    }

    private static IEnumerable<(int At, int Size)> Pieces(int bytes)
    {
        var at = 0;
        foreach (var size in (int[])[8, 4, 2, 1])
        {
            if (bytes - at < size) continue;
            yield return (at, size);
            at += size;
        }
    }
}
