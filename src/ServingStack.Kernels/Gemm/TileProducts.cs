using Iced.Intel;
using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Gemm;

/// <summary>How a tile kernel multiplies and adds: once for each level's instructions, in the same loop.</summary>
internal abstract class TileProducts(TileKernelKey key, VectorInstructions code, AssemblerRegisterZMM[] sums)
{
    protected TileKernelKey Key => key;

    protected VectorInstructions Code => code;

    public static TileProducts For(
        TileKernelKey key, VectorInstructions code, AssemblerRegisterZMM[] sums, Func<uint[], AssemblerMemoryOperand> constant) =>
        key.Interval == 0 ? new FusedProducts(key, code, sums) : new PairProducts(key, code, sums, constant);

    /// <summary>Takes what it needs beside the sums, and leaves at least one register for a broadcast.</summary>
    public abstract void TakeRegisters(VectorRegisters vectors);

    /// <summary>Before a step's columns are multiplied.</summary>
    public abstract void StartStep(Func<int, AssemblerMemoryOperand> columns);

    /// <summary>Multiplies four bytes of a row by a vector of columns.</summary>
    /// <param name="first">Of the steps between two calls of <see cref="EndRow"/>.</param>
    public abstract void Multiply(int row, int vector, AssemblerRegisterZMM broadcast, AssemblerMemoryOperand columns, bool first);

    /// <summary>Once for each row after as many steps as <see cref="TileKernelKey.Interval"/>, or fewer.</summary>
    public virtual void EndRow(int row, Range vectors)
    {
    }

    protected AssemblerRegisterZMM Sum(int row, int vector) => sums[(row * key.RowRegisters) + vector];
}

/// <summary>One instruction multiplies and adds: dot products of bytes, or floats.</summary>
internal sealed class FusedProducts(TileKernelKey key, VectorInstructions code, AssemblerRegisterZMM[] sums)
    : TileProducts(key, code, sums)
{
    // What must be left for broadcasts.
    private const int Broadcasts = 2;

    private AssemblerRegisterZMM[] _columns = [];

    // A single row reads its columns from memory, each once.
    public override void TakeRegisters(VectorRegisters vectors) =>
        _columns = Key.Rows == 1 || vectors.Free < Key.RowRegisters + Broadcasts ? [] : vectors.Take(Key.RowRegisters, "columns");

    public override void StartStep(Func<int, AssemblerMemoryOperand> columns)
    {
        for (var j = 0; j < _columns.Length; j++) Code.Load(_columns[j], columns(j));
    }

    public override void Multiply(int row, int vector, AssemblerRegisterZMM broadcast, AssemblerMemoryOperand columns, bool first)
    {
        VectorOperand operand = _columns.Length > 0 ? _columns[vector] : columns;
        if (Key.Arithmetic == TileArithmetic.Floats) Code.AddProductsOfFloats(Sum(row, vector), broadcast, operand);
        else Code.AddQuadProducts(Sum(row, vector), broadcast, operand);
    }
}

/// <summary>
/// Products of bytes in pairs of 16 bits, added up there for an interval of steps, then widened to the 32-bit sums. The weights see to it
/// that neither a pair nor an interval leaves 16 bits (<see cref="PairSplit"/>), so that the saturation of the multiplication never
/// happens and additions may as well wrap around.
/// </summary>
internal sealed class PairProducts(
    TileKernelKey key, VectorInstructions code, AssemblerRegisterZMM[] sums, Func<uint[], AssemblerMemoryOperand> constant)
    : TileProducts(key, code, sums)
{
    // Registers that broadcasts, a sign flip and the products of later steps need.
    private const int Reserved = 4;

    private AssemblerRegisterZMM[] _words = [];
    private AssemblerRegisterZMM _product;
    private VectorOperand _ones;

    public override void TakeRegisters(VectorRegisters vectors)
    {
        _words = vectors.Take(Key.RowRegisters, "16-bit sums");
        if (Key.Interval > 1) _product = vectors.Take("products");
        var ones = constant([.. Enumerable.Repeat(0x00010001u, Code.Lanes)]);
        if (vectors.Free < Reserved)
        {
            _ones = ones;
            return;
        }
        var register = vectors.Take("ones");
        Code.Load(register, ones);
        _ones = register;
    }

    public override void StartStep(Func<int, AssemblerMemoryOperand> columns)
    {
    }

    public override void Multiply(int row, int vector, AssemblerRegisterZMM broadcast, AssemblerMemoryOperand columns, bool first)
    {
        Code.PairProducts(first ? _words[vector] : _product, broadcast, columns);
        if (!first) Code.AddWords(_words[vector], _product);
    }

    public override void EndRow(int row, Range vectors)
    {
        var (start, count) = vectors.GetOffsetAndLength(Key.RowRegisters);
        for (var j = start; j < start + count; j++)
        {
            Code.AddNeighbours(_words[j], _ones);
            Code.AddIntegers(Sum(row, j), _words[j]);
        }
    }
}
