using System.Runtime.InteropServices;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Reads <c>TensorProto</c>: raw bytes, the typed fields, or a part of a file beside the model.</summary>
internal sealed class TensorReader(LoadContext context)
{
    private const int External = 1;

    public Tensor Read(TensorProto proto, string what)
    {
        var type = TypeReader.ElementTypeOf(proto.DataType, what, context);
        if (type == ElementType.Undefined)
            throw context.Fail($"The tensor of {what} has no element type.", "Export the model again.");
        var count = CountOf(proto, what);
        if (type == ElementType.String) return ReadStrings(proto, count, what);
        var bytes = proto.DataLocation == External ? ExternalData.Read(proto, type.BytesFor(count), what, context)
            : proto.RawData.Length > 0 ? proto.RawData.Memory
            : TypedBytes(proto, type);
        if (bytes.Length != type.BytesFor(count))
        {
            var shape = $"{type}[{string.Join(", ", proto.Dims)}]";
            throw context.Fail($"The tensor of {what}, {shape}, takes {type.BytesFor(count)} bytes but holds {bytes.Length}.",
                "Export or copy the file again.");
        }
        return new Tensor(type, [.. proto.Dims], bytes);
    }

    private long CountOf(TensorProto proto, string what)
    {
        try
        {
            // A bound far above any file keeps the byte count of the widest element within 64 bits.
            var count = proto.Dims.Aggregate(1L, (product, d) => d >= 0 ? checked(product * d) : throw new OverflowException());
            if (count <= long.MaxValue / 128) return count;
        }
        catch (OverflowException)
        {
        }
        throw context.Fail($"The tensor of {what} has impossible dimensions [{string.Join(", ", proto.Dims)}].", "Export the model again.");
    }

    private Tensor ReadStrings(TensorProto proto, long count, string what) => proto.StringData.Count == count
        ? new Tensor([.. proto.Dims], [.. proto.StringData.Select(s => s.ToByteArray())])
        : throw context.Fail($"The tensor of {what} takes {count} strings but holds {proto.StringData.Count}.", "Export the model again.");

    /// <summary>The typed fields carry narrower types too: small integers and 16-bit floats in int32, unsigned ones in uint64.</summary>
    private static ReadOnlyMemory<byte> TypedBytes(TensorProto proto, ElementType type) => type switch
    {
        ElementType.Float32 or ElementType.Complex64 => MemoryMarshal.AsBytes<float>(proto.FloatData.ToArray()).ToArray(),
        ElementType.Float64 or ElementType.Complex128 => MemoryMarshal.AsBytes<double>(proto.DoubleData.ToArray()).ToArray(),
        ElementType.Int64 => MemoryMarshal.AsBytes<long>(proto.Int64Data.ToArray()).ToArray(),
        ElementType.UInt64 => MemoryMarshal.AsBytes<ulong>(proto.Uint64Data.ToArray()).ToArray(),
        ElementType.UInt32 => LowBytes(MemoryMarshal.AsBytes<ulong>(proto.Uint64Data.ToArray()), 8, 4),
        _ => LowBytes(MemoryMarshal.AsBytes<int>(proto.Int32Data.ToArray()), 4, Math.Max(1, type.BitsOf() / 8)),
    };

    private static byte[] LowBytes(ReadOnlySpan<byte> wide, int from, int to)
    {
        var narrow = new byte[wide.Length / from * to];
        for (int source = 0, target = 0; source < wide.Length; source += from, target += to)
            wide.Slice(source, to).CopyTo(narrow.AsSpan(target));
        return narrow;
    }
}
