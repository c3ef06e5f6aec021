using System.Text;
using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Reads attributes of every ONNX kind into the values that <see cref="AttributeMap"/> holds.</summary>
internal sealed class AttributeReader(LoadContext context, Func<GraphProto, Graph> readGraph)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private readonly TensorReader _tensors = new(context);

    public object Read(AttributeProto proto)
    {
        if (proto.RefAttrName.Length > 0) return new AttributeReference(proto.RefAttrName, proto.Type);
        return KindOf(proto) switch
        {
            AttributeKind.Float => proto.F,
            AttributeKind.Int => proto.I,
            AttributeKind.String => StringOf(proto.S),
            AttributeKind.Tensor => ReadTensor(proto, proto.T),
            AttributeKind.Graph => readGraph(proto.G ?? throw Missing(proto, "graph")),
            AttributeKind.Floats => proto.Floats.ToArray(),
            AttributeKind.Ints => proto.Ints.ToArray(),
            AttributeKind.Strings => proto.Strings.Select(s => s.ToStringUtf8()).ToArray(),
            AttributeKind.Tensors => proto.Tensors.Select(t => ReadTensor(proto, t)).ToArray(),
            AttributeKind.Graphs => proto.Graphs.Select(readGraph).ToArray(),
            AttributeKind.SparseTensor => Opaque(proto.SparseTensor ?? throw Missing(proto, "sparse tensor")),
            AttributeKind.SparseTensors => proto.SparseTensors.Select(Opaque).ToArray(),
            AttributeKind.Type => Opaque(proto.Tp ?? throw Missing(proto, "type")),
            AttributeKind.Types => proto.TypeProtos.Select(Opaque).ToArray(),
            _ => throw context.Fail($"Attribute '{proto.Name}' is of the unknown kind {proto.Type}.", "Export the model again."),
        };
    }

    private Tensor ReadTensor(AttributeProto proto, TensorProto? tensor) =>
        _tensors.Read(tensor ?? throw Missing(proto, "tensor"), $"attribute '{proto.Name}'");

    private GraphLoadException Missing(AttributeProto proto, string what) =>
        context.Fail($"Attribute '{proto.Name}' says that it is a {what} but holds none.", "Export the model again.");

    /// <summary>Files before IR version 2 leave the kind out; it then shows from the field that is filled.</summary>
    private static AttributeKind KindOf(AttributeProto proto) => (AttributeKind)proto.Type switch
    {
        AttributeKind.Undefined when proto.Ints.Count > 0 => AttributeKind.Ints,
        AttributeKind.Undefined when proto.Floats.Count > 0 => AttributeKind.Floats,
        AttributeKind.Undefined when proto.Strings.Count > 0 => AttributeKind.Strings,
        AttributeKind.Undefined when proto.T is not null => AttributeKind.Tensor,
        AttributeKind.Undefined when proto.G is not null => AttributeKind.Graph,
        AttributeKind.Undefined when proto.S.Length > 0 => AttributeKind.String,
        AttributeKind.Undefined when proto.F != 0 => AttributeKind.Float,
        AttributeKind.Undefined => AttributeKind.Int,
        var kind => kind,
    };

    private static object StringOf(ByteString bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            return bytes.ToByteArray();
        }
    }

    private static OpaqueProto Opaque(IMessage message) => new(message.Descriptor.Name, message.ToByteArray());
}
