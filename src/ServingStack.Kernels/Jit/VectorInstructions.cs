using Iced.Intel;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Jit;

/// <summary>
/// The vector instructions of tile kernels at the width of a level. Registers are named by their 512-bit names at every width; AVX2 takes
/// the lower halves of the first sixteen.
/// </summary>
internal abstract class VectorInstructions
{
    /// <summary>Bytes of a vector.</summary>
    public abstract int Bytes { get; }

    public int Lanes => Bytes / sizeof(int);

    public static VectorInstructions For(InstructionSet level, Assembler asm, Func<uint[], AssemblerMemoryOperand> constant) =>
        level >= InstructionSet.Avx512Bw ? new Avx512Instructions(asm) : new Avx2Instructions(asm, constant);

    public static int BytesAt(InstructionSet level) => level >= InstructionSet.Avx512Bw ? 64 : 32;

    public static int RegistersAt(InstructionSet level) => level >= InstructionSet.Avx512Bw ? VectorRegisters.Most : 16;

    public abstract void Load(AssemblerRegisterZMM target, AssemblerMemoryOperand source);

    public abstract void Store(AssemblerMemoryOperand target, AssemblerRegisterZMM source);

    public abstract void Copy(AssemblerRegisterZMM target, AssemblerRegisterZMM source);

    /// <summary>Four bytes of memory in every lane.</summary>
    public abstract void Broadcast(AssemblerRegisterZMM target, AssemblerMemoryOperand source);

    /// <summary>The first lane of a register in every lane.</summary>
    public abstract void BroadcastFirst(AssemblerRegisterZMM target, AssemblerRegisterZMM source);

    /// <summary>
    /// The first <paramref name="bytes"/> (1 to 3) bytes of a lane, zeros behind them. AVX-512 takes a mask for it from k2.
    /// </summary>
    public abstract void LoadPartOfLane(AssemblerRegisterZMM target, AssemblerMemoryOperand source, int bytes);

    public abstract void Xor(AssemblerRegisterZMM target, VectorOperand other);

    /// <summary>u8 x s8, four products added to each 32-bit sum; from <see cref="InstructionSet.Avx512Vnni"/> on.</summary>
    public abstract void AddQuadProducts(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, VectorOperand b);

    public abstract void AddProductsOfFloats(AssemblerRegisterZMM sum, AssemblerRegisterZMM a, VectorOperand b);

    /// <summary>u8 x s8, two products saturated to 16 bits.</summary>
    public abstract void PairProducts(AssemblerRegisterZMM target, AssemblerRegisterZMM a, VectorOperand b);

    /// <summary>Neighbouring products of 16-bit numbers added up to 32 bits.</summary>
    public abstract void AddNeighbours(AssemblerRegisterZMM words, VectorOperand ones);

    /// <summary>16-bit sums that wrap around.</summary>
    public abstract void AddWords(AssemblerRegisterZMM sum, AssemblerRegisterZMM other);

    public abstract void AddIntegers(AssemblerRegisterZMM sum, AssemblerRegisterZMM other);

    public abstract void SubtractIntegers(AssemblerRegisterZMM target, AssemblerMemoryOperand other);

    public abstract void ToFloats(AssemblerRegisterZMM target);

    public abstract void ToIntegers(AssemblerRegisterZMM target);

    public abstract void Multiply(AssemblerRegisterZMM target, VectorOperand other);

    /// <summary>The bound comes first: a NaN in the second operand stays a NaN.</summary>
    public abstract void Max(AssemblerRegisterZMM target, AssemblerRegisterZMM bound);

    /// <inheritdoc cref="Max"/>
    public abstract void Min(AssemblerRegisterZMM target, AssemblerRegisterZMM bound);

    /// <summary>Loads 32-bit lanes; of a last vector only the columns that exist.</summary>
    public abstract void LoadLanes(AssemblerRegisterZMM target, AssemblerMemoryOperand source, LastColumns last);

    /// <summary>Loads bytes into 32-bit lanes; of a last vector only the columns that exist.</summary>
    public abstract void LoadBytes(AssemblerRegisterZMM target, AssemblerMemoryOperand source, bool signed, LastColumns last);

    /// <summary>Stores 32-bit lanes; of a last vector only the columns that exist.</summary>
    /// <param name="scratch">Is overwritten.</param>
    public abstract void StoreLanes(
        AssemblerMemoryOperand target, AssemblerRegisterZMM source, AssemblerRegisterZMM scratch, LastColumns last);

    /// <summary>Two vectors of 32-bit numbers saturated to 16 bits, within 128-bit lanes.</summary>
    public abstract void PackWords(AssemblerRegisterZMM target, AssemblerRegisterZMM other);

    public abstract void AddWordsSaturating(AssemblerRegisterZMM target, AssemblerMemoryOperand other);

    /// <summary>Two vectors of 16-bit numbers saturated to bytes, within 128-bit lanes.</summary>
    public abstract void PackBytes(AssemblerRegisterZMM target, AssemblerRegisterZMM other, bool signed);

    /// <summary>After both packings: brings the bytes of each of the four vectors together.</summary>
    /// <param name="order">A constant of <see cref="PackedOrder"/>; loaded into <paramref name="scratch"/>.</param>
    public abstract void Unravel(AssemblerRegisterZMM target, AssemblerRegisterZMM scratch, AssemblerMemoryOperand order);

    /// <summary>For <see cref="Unravel"/>.</summary>
    public abstract uint[] PackedOrder { get; }

    /// <summary>
    /// Stores <paramref name="count"/> (1, 2 or 4) of the four vectors' bytes from number <paramref name="first"/> on; a single one cut to
    /// the columns that exist.
    /// </summary>
    public abstract void StoreQuarters(
        AssemblerMemoryOperand target, AssemblerRegisterZMM packed, int first, int count, AssemblerRegisterZMM scratch, LastColumns last);
}

/// <summary>A second source operand: a register, or memory where there is none left.</summary>
internal readonly record struct VectorOperand(AssemblerRegisterZMM Register, AssemblerMemoryOperand Memory, bool InMemory)
{
    public static implicit operator VectorOperand(AssemblerRegisterZMM register) => new(register, default, InMemory: false);

    public static implicit operator VectorOperand(AssemblerMemoryOperand memory) => new(default, memory, InMemory: true);
}

/// <summary>
/// Whether a vector is cut, and how. AVX-512 has a mask for it, in k1; AVX2 code is written for the number of columns.
/// </summary>
internal readonly record struct LastColumns(bool Cut, int Columns);
