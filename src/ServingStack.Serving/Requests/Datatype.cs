using System.Collections.Frozen;
using ServingStack.Graphs;

namespace ServingStack.Serving.Requests;

/// <summary>The Open Inference Protocol's datatype names, and the ONNX element types that they stand for.</summary>
public static class Datatype
{
    private static readonly (string Name, ElementType Type)[] Rows =
    [
        ("BOOL", ElementType.Bool),
        ("UINT8", ElementType.UInt8),
        ("UINT16", ElementType.UInt16),
        ("UINT32", ElementType.UInt32),
        ("UINT64", ElementType.UInt64),
        ("INT8", ElementType.Int8),
        ("INT16", ElementType.Int16),
        ("INT32", ElementType.Int32),
        ("INT64", ElementType.Int64),
        ("FP16", ElementType.Float16),
        ("BF16", ElementType.BFloat16),
        ("FP32", ElementType.Float32),
        ("FP64", ElementType.Float64),
        ("BYTES", ElementType.String),
    ];

    private static readonly FrozenDictionary<string, ElementType> ByName = Rows.ToFrozenDictionary(r => r.Name, r => r.Type);
    private static readonly FrozenDictionary<ElementType, string> ByType = Rows.ToFrozenDictionary(r => r.Type, r => r.Name);

    /// <summary>All names, as an error message lists them.</summary>
    public static string Names { get; } = string.Join(", ", Rows.Select(r => r.Name));

    /// <summary>Finds the element type of a name; false when the protocol knows no such name.</summary>
    public static bool TryParse(string name, out ElementType type) => ByName.TryGetValue(name, out type);

    /// <summary>The protocol's name; the ONNX name where the protocol has none.</summary>
    public static string NameOf(ElementType type) => ByType.GetValueOrDefault(type) ?? type.ToString();

    /// <summary>Whether the protocol can carry the type at all.</summary>
    public static bool HasName(ElementType type) => ByType.ContainsKey(type);
}
