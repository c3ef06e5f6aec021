using System.Buffers;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Serving.Requests;

/// <summary>One output of a request, in pooled memory that the request owns.</summary>
public sealed class RequestOutput
{
    private byte[] _buffer = [];
    private int _length;

    internal RequestOutput(TensorSpec spec)
    {
        Spec = spec;
        Shape = new long[spec.Shape.Rank];
    }

    /// <summary>Name and element type.</summary>
    public TensorSpec Spec { get; }

    public long[] Shape { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>Rents the memory beforehand where the size is known, so that nothing is rented between batch and answer.</summary>
    internal void Reserve(int rows, bool batches)
    {
        long count = batches ? rows : 1;
        foreach (var extent in Spec.Shape.Skip(batches ? 1 : 0))
        {
            if (!extent.IsFixed) return;
            count *= extent.Value;
        }
        Resize((int)Spec.ElementType.BytesFor(count));
    }

    /// <summary>Takes over a slice of a plan's output; <paramref name="rows"/> replaces the plan's batch, 0 leaves it.</summary>
    internal void Take(ReadOnlySpan<byte> bytes, long[] shape, int rows)
    {
        if (Shape.Length != shape.Length) Shape = new long[shape.Length];
        shape.CopyTo(Shape, 0);
        if (rows > 0) Shape[0] = rows;
        if (_length != bytes.Length) Resize(bytes.Length);
        bytes.CopyTo(_buffer);
    }

    internal void Release()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _length) = ([], 0);
    }

    private void Resize(int length)
    {
        if (_buffer.Length < length)
        {
            Release();
            _buffer = ArrayPool<byte>.Shared.Rent(length);
        }
        _length = length;
    }
}
