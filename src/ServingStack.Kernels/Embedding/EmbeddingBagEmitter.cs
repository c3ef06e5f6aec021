using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// The loops of an embedding bag for AVX-512: over bags, over blocks of a row that fit the registers (nearly always one), over the bag's
/// rows. How a row's numbers are read is the subclass's. While a row is added, every cache line of the row some indices ahead is asked
/// for.
/// </summary>
internal abstract class EmbeddingBagEmitter(EmbeddingBagKernelKey key) : KernelEmitter
{
    protected const int Lanes = 16;

    // A multiple of the largest group of 4-bit vectors; what is left is for constants and decoding.
    private const int BlockVectors = 24;

    protected static readonly AssemblerRegister64 Row = r8;
    protected static readonly AssemblerRegister64 Weights = rcx;

    private static readonly AssemblerRegister32 RowLow = r8d;
    private static readonly AssemblerRegister64 Indices = rax;
    private static readonly AssemblerRegister64 Table = rbx;
    private static readonly AssemblerRegister64 Bounds = rdx;
    private static readonly AssemblerRegister64 Output = rsi;
    private static readonly AssemblerRegister64 Bags = rdi;
    private static readonly AssemblerRegister64 Left = r9;
    private static readonly AssemblerRegister64 Ahead = r10;
    private static readonly AssemblerRegister64 LastIndex = r11;
    private static readonly AssemblerRegister64 Rows = r12;
    private static readonly AssemblerRegister64 Scratch = r13;
    private static readonly AssemblerRegister64 Count = rbp;
    private static readonly AssemblerRegister32 CountLow = ebp;

    public override string Name => key.Name;

    protected EmbeddingBagProblem Problem => key.Problem;

    protected EmbeddingRowFormat Format => key.Problem.Rows;

    private int IndexBytes => Problem.IndexType.Size();

    private int RowVectors => (Format.Dimension + Lanes - 1) / Lanes;

    private int TailLanes => Format.Dimension % Lanes;

    public static EmbeddingBagEmitter Create(EmbeddingBagKernelKey key) => key.Problem.Rows.Type switch
    {
        EmbeddingRowType.Int8 => new EmbeddingBytesEmitter(key),
        EmbeddingRowType.Int4 => new EmbeddingNibblesEmitter(key),
        _ => new EmbeddingFloatsEmitter(key),
    };

    protected override void EmitBody()
    {
        LoadArguments();
        LoadConstants();
        var bag = Asm.CreateLabel();
        Asm.Label(ref bag);
        LoadCount();
        for (var first = 0; first < RowVectors; first += BlockVectors) EmitBlock(first, Math.Min(BlockVectors, RowVectors - first));
        Asm.add(Output, Format.Dimension * sizeof(float));
        Asm.dec(Bags);
        Asm.jnz(bag);
    }

    /// <summary>Registers that stay loaded for the whole call.</summary>
    protected virtual void LoadConstants()
    {
    }

    /// <summary>Before a block's first row.</summary>
    protected virtual void StartBlock()
    {
    }

    /// <summary>Adds vectors first .. first + sums - 1 of the row at <see cref="Row"/>, times the weight at <see cref="Weights"/>.</summary>
    protected abstract void AddRow(int first, AssemblerRegisterZMM[] sums);

    /// <summary>After a block's last row.</summary>
    protected virtual void FinishBlock(AssemblerRegisterZMM[] sums)
    {
    }

    /// <summary>Whether a vector of the row is its last, cut one: then only lanes of k1 exist.</summary>
    protected bool IsCut(int vector) => TailLanes > 0 && vector == RowVectors - 1;

    /// <summary>The row's weight, for all lanes.</summary>
    protected static AssemblerMemoryOperand Weight => __dword_bcst[Weights];

    private void EmitBlock(int first, int vectors)
    {
        var mark = Vectors.Mark();
        var sums = Vectors.Take(vectors, "the sums of a row");
        foreach (var sum in sums) Asm.vpxord(sum, sum, sum);
        StartBlock();
        if (first > 0) ReturnToFirstIndex();
        var store = Asm.CreateLabel();
        Asm.mov(Left, Count);
        Asm.test(Left, Left);
        Asm.jz(store);
        EmitRows(first, sums);
        FinishBlock(sums);
        if (Problem.Mean) DivideByCount(sums);
        Asm.Label(ref store);
        for (var i = 0; i < vectors; i++)
        {
            var target = __zmmword_ptr[Output + (64 * (first + i))];
            Asm.vmovups(IsCut(first + i) ? target.k1 : target, sums[i]);
        }
        Vectors.ReturnTo(mark);
    }

    private void ReturnToFirstIndex()
    {
        Asm.imul(Scratch, Count, IndexBytes);
        Asm.sub(Indices, Scratch);
        if (!Problem.Weighted) return;
        Asm.imul(Scratch, Count, sizeof(float));
        Asm.sub(Weights, Scratch);
    }

    private void EmitRows(int first, AssemblerRegisterZMM[] sums)
    {
        var row = Asm.CreateLabel();
        Asm.Label(ref row);
        // The first block's reading brings the whole row.
        if (first == 0 && key.Prefetch.Distance > 0) EmitPrefetch();
        LoadRow(Row, Indices);
        Asm.add(Row, Table);
        Asm.add(Indices, IndexBytes);
        AddRow(first, sums);
        if (Problem.Weighted) Asm.add(Weights, sizeof(float));
        Asm.dec(Left);
        Asm.jnz(row);
    }

    private void EmitPrefetch()
    {
        Asm.lea(Ahead, __[Indices + (key.Prefetch.Distance * IndexBytes)]);
        Asm.cmp(Ahead, LastIndex);
        Asm.cmova(Ahead, LastIndex);
        LoadRow(Ahead, Ahead);
        key.Prefetch.Emit(Asm, Table, Ahead, Format.RowBytes, Format.Stride);
    }

    /// <summary>The byte offset of the row of the index that stands at <paramref name="place"/>.</summary>
    private void LoadRow(AssemblerRegister64 target, AssemblerRegister64 place)
    {
        LoadNumber(target, place, 0);
        if (Problem.NegativeFromEnd)
        {
            // The sign as a mask of all bits.
            Asm.mov(Scratch, target);
            Asm.sar(Scratch, 63);
            Asm.and(Scratch, Rows);
            Asm.add(target, Scratch);
        }
        Asm.imul(target, target, Format.Stride);
    }

    private void LoadCount()
    {
        if (Problem.Bounds == BagBounds.Fixed)
        {
            Asm.mov(Count, Argument(nameof(EmbeddingBagArguments.IndicesPerBag)));
            return;
        }
        LoadNumber(Count, Bounds, Problem.Bounds == BagBounds.Offsets ? IndexBytes : 0);
        if (Problem.Bounds == BagBounds.Offsets)
        {
            LoadNumber(Scratch, Bounds, 0);
            Asm.sub(Count, Scratch);
        }
        Asm.add(Bounds, IndexBytes);
    }

    private void LoadNumber(AssemblerRegister64 target, AssemblerRegister64 place, int offset)
    {
        if (IndexBytes == sizeof(long)) Asm.mov(target, __qword_ptr[place + offset]);
        else Asm.movsxd(target, __dword_ptr[place + offset]);
    }

    private void DivideByCount(AssemblerRegisterZMM[] sums)
    {
        const int One = 0x3f800000;
        var mark = Vectors.Mark();
        var (count, factor) = (Vectors.Take("the count"), Vectors.Take("its reciprocal"));
        Asm.vpbroadcastd(count, CountLow);
        Asm.vcvtdq2ps(count, count);
        Asm.mov(RowLow, One);
        Asm.vpbroadcastd(factor, RowLow);
        Asm.vdivps(factor, factor, count);
        foreach (var sum in sums) Asm.vmulps(sum, sum, factor);
        Vectors.ReturnTo(mark);
    }

    private void LoadArguments()
    {
        Asm.mov(Table, Argument(nameof(EmbeddingBagArguments.Table)));
        Asm.mov(Indices, Argument(nameof(EmbeddingBagArguments.Indices)));
        Asm.mov(LastIndex, Argument(nameof(EmbeddingBagArguments.LastIndex)));
        Asm.mov(Bounds, Argument(nameof(EmbeddingBagArguments.Bounds)));
        Asm.mov(Weights, Argument(nameof(EmbeddingBagArguments.Weights)));
        Asm.mov(Output, Argument(nameof(EmbeddingBagArguments.Output)));
        Asm.mov(Bags, Argument(nameof(EmbeddingBagArguments.Bags)));
        Asm.mov(Rows, Argument(nameof(EmbeddingBagArguments.Rows)));
        if (TailLanes == 0) return;
        Asm.mov(RowLow, (1 << TailLanes) - 1);
        Asm.kmovw(k1, RowLow);
    }

    private static AssemblerMemoryOperand Argument(string field) =>
        __qword_ptr[Arguments + (int)Marshal.OffsetOf<EmbeddingBagArguments>(field)];
}
