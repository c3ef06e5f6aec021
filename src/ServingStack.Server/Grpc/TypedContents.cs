using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using ServingStack.Graphs;
using ServingStack.Inference.Protocol;
using ServingStack.Serving.Errors;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Grpc;

/// <summary>
/// How tensors of one element type stand in <see cref="InferTensorContents"/>, whose fields are wider than the narrow integers.
/// </summary>
internal abstract class TypedContents
{
    private static readonly Dictionary<ElementType, TypedContents> Rows = new()
    {
        [ElementType.Bool] = new TypedContents<byte, bool>("bool_contents", c => c.BoolContents, v => v ? (byte)1 : (byte)0, v => v != 0),
        [ElementType.UInt8] = new TypedContents<byte, uint>("uint_contents", c => c.UintContents, byte.CreateChecked, v => v),
        [ElementType.UInt16] = new TypedContents<ushort, uint>("uint_contents", c => c.UintContents, ushort.CreateChecked, v => v),
        [ElementType.UInt32] = new TypedContents<uint, uint>("uint_contents", c => c.UintContents, v => v, v => v),
        [ElementType.UInt64] = new TypedContents<ulong, ulong>("uint64_contents", c => c.Uint64Contents, v => v, v => v),
        [ElementType.Int8] = new TypedContents<sbyte, int>("int_contents", c => c.IntContents, sbyte.CreateChecked, v => v),
        [ElementType.Int16] = new TypedContents<short, int>("int_contents", c => c.IntContents, short.CreateChecked, v => v),
        [ElementType.Int32] = new TypedContents<int, int>("int_contents", c => c.IntContents, v => v, v => v),
        [ElementType.Int64] = new TypedContents<long, long>("int64_contents", c => c.Int64Contents, v => v, v => v),
        [ElementType.Float32] = new TypedContents<float, float>("fp32_contents", c => c.Fp32Contents, v => v, v => v),
        [ElementType.Float64] = new TypedContents<double, double>("fp64_contents", c => c.Fp64Contents, v => v, v => v),
    };

    /// <summary>The form of a type, or null where only raw contents can carry it.</summary>
    public static TypedContents? Find(ElementType type) => Rows.GetValueOrDefault(type);

    public static TypedContents For(ElementType type, string tensor) => Find(type) ?? throw ServingException.Invalid(
        $"Tensor '{tensor}' is {Datatype.NameOf(type)}, which has no typed contents: send it in raw_input_contents.");

    /// <summary>The elements as the model's bytes; throws unless exactly <paramref name="count"/> of them are in the right field.</summary>
    public abstract byte[] Read(InferTensorContents contents, string tensor, long count);

    public abstract InferTensorContents Write(ReadOnlySpan<byte> bytes);

    protected static int CountAll(InferTensorContents c) =>
        c.BoolContents.Count + c.IntContents.Count + c.Int64Contents.Count + c.UintContents.Count
        + c.Uint64Contents.Count + c.Fp32Contents.Count + c.Fp64Contents.Count + c.BytesContents.Count;
}

/// <summary>Elements that are <typeparamref name="TMemory"/> in memory and <typeparamref name="TField"/> in the message.</summary>
internal sealed class TypedContents<TMemory, TField>(
    string field, Func<InferTensorContents, RepeatedField<TField>> elements, Func<TField, TMemory> narrow, Func<TMemory, TField> widen)
    : TypedContents
    where TMemory : unmanaged
{
    public override byte[] Read(InferTensorContents contents, string tensor, long count)
    {
        var source = elements(contents);
        if (source.Count != count || CountAll(contents) != count)
            throw ServingException.Invalid($"Input '{tensor}' takes {count} elements in {field}, got {source.Count} there and "
                + $"{CountAll(contents) - source.Count} in other fields.");
        var bytes = new byte[count * Marshal.SizeOf<TMemory>()];
        var destination = MemoryMarshal.Cast<byte, TMemory>(bytes.AsSpan());
        for (var i = 0; i < destination.Length; i++) destination[i] = Narrow(source[i], tensor, i);
        return bytes;
    }

    public override InferTensorContents Write(ReadOnlySpan<byte> bytes)
    {
        var contents = new InferTensorContents();
        var destination = elements(contents);
        var source = MemoryMarshal.Cast<byte, TMemory>(bytes);
        destination.Capacity = source.Length;
        foreach (var value in source) destination.Add(widen(value));
        return contents;
    }

    private TMemory Narrow(TField value, string tensor, int index)
    {
        try
        {
            return narrow(value);
        }
        catch (OverflowException)
        {
            throw ServingException.Invalid($"Input '{tensor}': element {index} is {value}, which does not fit its datatype.");
        }
    }
}
