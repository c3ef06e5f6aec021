using System.Collections.Frozen;

namespace ServingStack.Client;

/// <summary>One of the protocol's element types: its name on the wire, its size, and the C# type that holds one element.</summary>
/// <param name="Name">For example <c>FP32</c>.</param>
/// <param name="Size">Bytes of one element; 0 for <c>BYTES</c>, whose elements carry their own length.</param>
/// <param name="ClrType">The C# type; null where C# has none (<c>BF16</c>).</param>
public sealed record TensorDatatype(string Name, int Size, Type? ClrType)
{
    /// <summary>Every datatype of the protocol.</summary>
    public static IReadOnlyList<TensorDatatype> All { get; } =
    [
        new("BOOL", 1, typeof(bool)),
        new("UINT8", 1, typeof(byte)),
        new("UINT16", 2, typeof(ushort)),
        new("UINT32", 4, typeof(uint)),
        new("UINT64", 8, typeof(ulong)),
        new("INT8", 1, typeof(sbyte)),
        new("INT16", 2, typeof(short)),
        new("INT32", 4, typeof(int)),
        new("INT64", 8, typeof(long)),
        new("FP16", 2, typeof(Half)),
        new("BF16", 2, null),
        new("FP32", 4, typeof(float)),
        new("FP64", 8, typeof(double)),
        new("BYTES", 0, null),
    ];

    private static readonly FrozenDictionary<string, TensorDatatype> ByName = All.ToFrozenDictionary(d => d.Name);

    private static readonly FrozenDictionary<Type, TensorDatatype> ByType =
        All.Where(d => d.ClrType is not null).ToFrozenDictionary(d => d.ClrType!);

    /// <summary>The datatype of that name on the wire; throws <see cref="ArgumentException"/> when the protocol has none.</summary>
    public static TensorDatatype Named(string name) => ByName.TryGetValue(name, out var found) ? found
        : throw new ArgumentException(
            $"'{name}' is no datatype of the protocol; expected one of {string.Join(", ", All.Select(d => d.Name))}.", nameof(name));

    /// <summary>The datatype whose elements are <typeparamref name="T"/>.</summary>
    public static TensorDatatype Of<T>() where T : unmanaged => ByType.TryGetValue(typeof(T), out var found) ? found
        : throw new ArgumentException(
            $"{typeof(T).Name} is no element type of the protocol; expected one of {string.Join(", ", ByType.Keys.Select(t => t.Name))}.");

    public override string ToString() => Name;
}
