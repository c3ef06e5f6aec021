using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace ServingStack.Client;

/// <summary>
/// A named tensor on its way to or from a server. The bytes are those of the wire: little-endian, row-major, no padding; an element of
/// <c>BYTES</c> is its length as 32 bits, then itself.
/// </summary>
public sealed class InferTensor
{
    /// <summary>Wraps bytes that lie as the wire wants them; throws when their number does not fit datatype and shape.</summary>
    public InferTensor(string name, TensorDatatype datatype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> bytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(datatype);
        ArgumentNullException.ThrowIfNull(shape);
        (Name, Datatype, Shape, Bytes) = (name, datatype, shape, bytes);
        if (shape.Any(extent => extent < 0))
            throw new ArgumentException($"Tensor '{name}' has the shape {ShapeText}; every extent must be 0 or more.", nameof(shape));
        var expected = checked(ElementCount * datatype.Size);
        if (datatype.Size != 0 && bytes.Length != expected)
            throw new ArgumentException(
                $"Tensor '{name}' of {datatype} {ShapeText} takes {expected} bytes, got {bytes.Length}.", nameof(bytes));
    }

    public string Name { get; }

    public TensorDatatype Datatype { get; }

    public IReadOnlyList<long> Shape { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    public long ElementCount => Shape.Aggregate(1L, (product, extent) => checked(product * extent));

    private string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <summary>Copies <paramref name="values"/>, row-major, into a tensor of their type.</summary>
    public static InferTensor From<T>(string name, ReadOnlySpan<T> values, params long[] shape) where T : unmanaged =>
        new(name, TensorDatatype.Of<T>(), shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <inheritdoc cref="From{T}(string, ReadOnlySpan{T}, long[])"/>
    public static InferTensor From<T>(string name, T[] values, params long[] shape) where T : unmanaged =>
        From<T>(name, values.AsSpan(), shape);

    /// <summary>A <c>BYTES</c> tensor of texts (UTF-8).</summary>
    public static InferTensor FromStrings(string name, IReadOnlyList<string> values, params long[] shape)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var buffer = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(uint)];
        foreach (var value in values)
        {
            var text = Encoding.UTF8.GetBytes(value);
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
            buffer.Write(length);
            buffer.Write(text);
        }
        var tensor = new InferTensor(name, TensorDatatype.Named("BYTES"), shape, buffer.ToArray());
        return tensor.ElementCount == values.Count ? tensor
            : throw new ArgumentException(
                $"Tensor '{name}' of BYTES {tensor.ShapeText} takes {tensor.ElementCount} texts, got {values.Count}.", nameof(values));
    }

    /// <summary>The elements, which must be <typeparamref name="T"/>.</summary>
    public ReadOnlySpan<T> As<T>() where T : unmanaged => Datatype.ClrType == typeof(T)
        ? MemoryMarshal.Cast<byte, T>(Bytes.Span)
        : throw new InvalidOperationException($"Tensor '{Name}' holds {Datatype}, which is not {typeof(T).Name}.");

    /// <summary>The elements of a <c>BYTES</c> tensor as texts (UTF-8).</summary>
    public string[] AsStrings()
    {
        if (Datatype.Name != "BYTES") throw new InvalidOperationException($"Tensor '{Name}' holds {Datatype}, which is not BYTES.");
        var texts = new string[ElementCount];
        var rest = Bytes.Span;
        for (var i = 0; i < texts.Length; i++)
        {
            if (rest.Length < sizeof(uint)) throw TooShort(i);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            rest = rest[sizeof(uint)..];
            if (length > (uint)rest.Length) throw TooShort(i);
            texts[i] = Encoding.UTF8.GetString(rest[..(int)length]);
            rest = rest[(int)length..];
        }
        return texts;
    }

    public override string ToString() => $"{Name}: {Datatype}{ShapeText}";

    private InvalidOperationException TooShort(int element) =>
        new($"Tensor '{Name}' of BYTES {ShapeText} ends inside element {element}.");
}
