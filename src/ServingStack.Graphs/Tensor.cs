using System.Runtime.InteropServices;

namespace ServingStack.Graphs;

/// <summary>
/// A constant: element type, extents, and its bytes (little-endian, row-major, no padding; sub-byte elements packed, first element in
/// the low bits). Strings are kept beside, in <see cref="Strings"/>.
/// </summary>
public sealed class Tensor
{
    public Tensor(ElementType elementType, long[] dimensions, ReadOnlyMemory<byte> bytes)
    {
        ElementType = elementType;
        Dimensions = dimensions;
        Bytes = bytes;
        var expected = elementType.BytesFor(ElementCount);
        if (elementType != ElementType.String && bytes.Length != expected)
            throw new ArgumentException($"A {elementType} tensor of shape [{string.Join(", ", dimensions)}] takes {expected} bytes, got {bytes.Length}.", nameof(bytes));
    }

    public Tensor(long[] dimensions, IReadOnlyList<byte[]> strings)
        : this(ElementType.String, dimensions, ReadOnlyMemory<byte>.Empty) => Strings = strings;

    public ElementType ElementType { get; }

    public long[] Dimensions { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The elements of a string tensor (UTF-8); empty otherwise.</summary>
    public IReadOnlyList<byte[]> Strings { get; } = [];

    public int Rank => Dimensions.Length;

    public long ElementCount => Dimensions.Aggregate(1L, (product, d) => checked(product * d));

    public Shape Shape => Shape.Of(Dimensions);

    /// <summary>The elements as <typeparamref name="T"/>, whose size must be the element type's.</summary>
    public ReadOnlySpan<T> As<T>() where T : unmanaged
    {
        if (Marshal.SizeOf<T>() * 8 != ElementType.BitsOf() && !(typeof(T) == typeof(bool) && ElementType == ElementType.Bool))
            throw new InvalidOperationException($"A tensor of {ElementType} cannot be read as {typeof(T).Name}.");
        return MemoryMarshal.Cast<byte, T>(Bytes.Span);
    }

    public static Tensor From<T>(ReadOnlySpan<T> values, params long[] dimensions) where T : unmanaged =>
        new(TypeOf<T>(), dimensions, MemoryMarshal.AsBytes(values).ToArray());

    public static Tensor Scalar<T>(T value) where T : unmanaged => From([value], []);

    /// <summary>The numbers of an integer tensor (shapes, axes, indices), widened.</summary>
    public long[] ToInt64s() => ElementType switch
    {
        ElementType.Int64 => As<long>().ToArray(),
        ElementType.Int32 => Widen<int>(v => v),
        ElementType.UInt8 => Widen<byte>(v => v),
        ElementType.Int8 => Widen<sbyte>(v => v),
        ElementType.UInt16 => Widen<ushort>(v => v),
        ElementType.Int16 => Widen<short>(v => v),
        ElementType.UInt32 => Widen<uint>(v => v),
        ElementType.Bool => Widen<byte>(v => v),
        _ => throw new InvalidOperationException($"A tensor of {ElementType} does not hold integers."),
    };

    private long[] Widen<T>(Func<T, long> widen) where T : unmanaged
    {
        var source = As<T>();
        var result = new long[source.Length];
        for (var i = 0; i < result.Length; i++) result[i] = widen(source[i]);
        return result;
    }

    private static ElementType TypeOf<T>() => default(T) switch
    {
        float => ElementType.Float32,
        byte => ElementType.UInt8,
        sbyte => ElementType.Int8,
        ushort => ElementType.UInt16,
        short => ElementType.Int16,
        int => ElementType.Int32,
        long => ElementType.Int64,
        bool => ElementType.Bool,
        Half => ElementType.Float16,
        double => ElementType.Float64,
        uint => ElementType.UInt32,
        ulong => ElementType.UInt64,
        _ => throw new NotSupportedException($"{typeof(T).Name} is no element type of ONNX."),
    };
}
