namespace ServingStack.Graphs;

/// <summary>
/// A part of an ONNX file that is kept and written back but not interpreted: a type that is no tensor (<c>TypeProto</c>), or a sparse
/// tensor (<c>SparseTensorProto</c>). Equal when the encoded bytes are.
/// </summary>
/// <param name="Message">The ONNX message's name.</param>
/// <param name="Encoded">The message in the protobuf wire format.</param>
public sealed record OpaqueProto(string Message, ReadOnlyMemory<byte> Encoded)
{
    public bool Equals(OpaqueProto? other) =>
        other is not null && Message == other.Message && Encoded.Span.SequenceEqual(other.Encoded.Span);

    public override int GetHashCode() => HashCode.Combine(Message, Encoded.Length);
}
