using System.Collections.Frozen;
using System.Runtime.InteropServices;
using ServingStack.Inference.Protocol;

namespace ServingStack.Client.Grpc;

/// <summary>Tensors that a server sends as repeated fields instead of raw bytes; small integers travel in wider fields.</summary>
internal static class TypedContents
{
    private static readonly FrozenDictionary<string, Func<InferTensorContents, byte[]>> Readers =
        new Dictionary<string, Func<InferTensorContents, byte[]>>
        {
            ["BOOL"] = c => Bytes<bool>([.. c.BoolContents]),
            ["UINT8"] = c => Bytes<byte>([.. c.UintContents.Select(v => checked((byte)v))]),
            ["UINT16"] = c => Bytes<ushort>([.. c.UintContents.Select(v => checked((ushort)v))]),
            ["UINT32"] = c => Bytes<uint>([.. c.UintContents]),
            ["UINT64"] = c => Bytes<ulong>([.. c.Uint64Contents]),
            ["INT8"] = c => Bytes<sbyte>([.. c.IntContents.Select(v => checked((sbyte)v))]),
            ["INT16"] = c => Bytes<short>([.. c.IntContents.Select(v => checked((short)v))]),
            ["INT32"] = c => Bytes<int>([.. c.IntContents]),
            ["INT64"] = c => Bytes<long>([.. c.Int64Contents]),
            ["FP32"] = c => Bytes<float>([.. c.Fp32Contents]),
            ["FP64"] = c => Bytes<double>([.. c.Fp64Contents]),
            ["BYTES"] = c => [.. c.BytesContents.SelectMany(text => BitConverter.GetBytes(text.Length).Concat(text))],
        }.ToFrozenDictionary();

    public static byte[] ToBytes(InferTensorContents? contents, TensorDatatype datatype)
    {
        if (contents is null) throw new FormatException("an output has neither raw nor typed contents");
        return Readers.TryGetValue(datatype.Name, out var read) ? read(contents)
            : throw new FormatException($"{datatype} travels as raw bytes only");
    }

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
