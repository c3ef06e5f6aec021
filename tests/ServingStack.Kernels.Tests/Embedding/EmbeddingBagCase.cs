using System.Runtime.InteropServices;
using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Embedding;

/// <summary>One random embedding bag on guarded memory, its table too, for a row of the kernels against the reference.</summary>
internal sealed class EmbeddingBagCase : IDisposable
{
    private readonly EmbeddingBagProblem _problem;
    private readonly GuardedBuffer _table;
    private readonly GuardedBuffer _indices;
    private readonly GuardedBuffer _bounds;
    private readonly GuardedBuffer _weights;
    private readonly int _outputs;
    private readonly string _what;

    /// <param name="largestBag">A fixed size, or the largest of random ones.</param>
    public EmbeddingBagCase(EmbeddingBagProblem problem, int rows, int bags, int largestBag, int seed)
    {
        (_problem, _what, _outputs) = (problem, $"seed {seed}: {problem}, {bags} bags of up to {largestBag}", bags * problem.Rows.Dimension);
        var random = new Random(seed);
        _table = Table(problem.Rows, rows, random);
        long[] lengths = [.. Enumerable.Range(0, bags).Select(_ =>
            problem.Bounds == BagBounds.Fixed ? largestBag : random.Next(largestBag + 1))];
        long[] indices = [.. Enumerable.Range(0, (int)lengths.Sum()).Select(_ =>
            problem.NegativeFromEnd ? random.NextInt64(-rows, rows) : random.NextInt64(rows))];
        long[] offsets = [0, .. lengths.Select((_, i) => lengths[..(i + 1)].Sum())];
        _indices = List(indices);
        _bounds = List(problem.Bounds == BagBounds.Lengths ? lengths : offsets);
        _weights = GuardedBuffer.Of<float>(TestNumbers.Floats(seed, indices.Length));
        Operands = new(_table.Address, rows, _indices.Address, indices.Length, bags, 1)
        {
            Bounds = _bounds.Address,
            Weights = _weights.Address,
        };
    }

    public EmbeddingBagOperands Operands { get; }

    public void SetIndex(int position, long value)
    {
        if (_problem.IndexType == DataType.Int32) _indices.Span<int>()[position] = (int)value;
        else _indices.Span<long>()[position] = value;
    }

    public void SetBound(int position, long value) => _bounds.Span<long>()[position] = value;

    public float[] Run(EmbeddingBagRow row, int parts, out EmbeddingFault? fault) =>
        Run((problem, operands) => row.Bind(problem, operands), parts, out fault);

    public float[] Run(Func<EmbeddingBagProblem, EmbeddingBagOperands, EmbeddingBagKernel> bind, int parts, out EmbeddingFault? fault)
    {
        using var output = new GuardedBuffer(_outputs * sizeof(float));
        output.Bytes.Fill(0xA5);
        var kernel = bind(_problem, Operands with { Output = output.Address });
        for (var part = parts - 1; part >= 0; part--) kernel.Run(part, parts);
        fault = kernel.TakeRefusal();
        return output.Span<float>().ToArray();
    }

    public void Check(Func<EmbeddingBagProblem, EmbeddingBagOperands, EmbeddingBagKernel> bind, int parts)
    {
        var expected = Run((p, o) => new ReferenceEmbeddingBag("reference", p, o), 1, out _);
        var actual = Run(bind, parts, out var fault);
        Assert.Null(fault);
        Comparison.AssertEqual(
            DataType.Float32, floatSums: true, MemoryMarshal.AsBytes(expected.AsSpan()), MemoryMarshal.AsBytes(actual.AsSpan()), _what);
    }

    public void Dispose()
    {
        foreach (var buffer in new[] { _table, _indices, _bounds, _weights }) buffer.Dispose();
    }

    // The last row ends with its last byte at the guard page, without the padding to the next one.
    private static GuardedBuffer Table(EmbeddingRowFormat format, int rows, Random random)
    {
        using var table = new EmbeddingTable(format, rows);
        for (var row = 0; row < rows; row++)
            table.SetRow(row, TestNumbers.Floats(random.Next(), format.Dimension, scale: 2));
        var guarded = new GuardedBuffer(((rows - 1) * format.Stride) + format.RowBytes);
        unsafe
        {
            new Span<byte>((void*)table.Address, guarded.ByteLength).CopyTo(guarded.Bytes);
        }
        return guarded;
    }

    private GuardedBuffer List(long[] numbers) => _problem.IndexType == DataType.Int64
        ? GuardedBuffer.Of<long>(numbers)
        : GuardedBuffer.Of<int>(numbers.Select(number => (int)number).ToArray());
}
