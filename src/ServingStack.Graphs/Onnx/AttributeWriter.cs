using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Writes the values that <see cref="AttributeMap"/> holds as ONNX attributes.</summary>
internal static class AttributeWriter
{
    public static AttributeProto Write(string name, object value, Func<Graph, GraphProto> writeGraph)
    {
        var proto = new AttributeProto { Name = name };
        if (value is AttributeReference reference) (proto.RefAttrName, proto.Type) = (reference.Name, reference.Type);
        else proto.Type = (int)Fill(proto, value, writeGraph);
        return proto;
    }

    private static AttributeKind Fill(AttributeProto proto, object value, Func<Graph, GraphProto> writeGraph)
    {
        switch (value)
        {
            case float number: proto.F = number; return AttributeKind.Float;
            case long number: proto.I = number; return AttributeKind.Int;
            case string text: proto.S = ByteString.CopyFromUtf8(text); return AttributeKind.String;
            case byte[] bytes: proto.S = ByteString.CopyFrom(bytes); return AttributeKind.String;
            case Tensor tensor: proto.T = TensorWriter.Write(tensor, ""); return AttributeKind.Tensor;
            case Graph graph: proto.G = writeGraph(graph); return AttributeKind.Graph;
            case float[] numbers: proto.Floats.AddRange(numbers); return AttributeKind.Floats;
            case long[] numbers: proto.Ints.AddRange(numbers); return AttributeKind.Ints;
            case string[] texts: proto.Strings.AddRange(texts.Select(ByteString.CopyFromUtf8)); return AttributeKind.Strings;
            case Tensor[] tensors: proto.Tensors.AddRange(tensors.Select(t => TensorWriter.Write(t, ""))); return AttributeKind.Tensors;
            case Graph[] graphs: proto.Graphs.AddRange(graphs.Select(writeGraph)); return AttributeKind.Graphs;
            case OpaqueProto opaque: return Fill(proto, opaque);
            case OpaqueProto[] opaques: return Fill(proto, opaques);
            default:
                throw new InvalidOperationException($"Attribute '{proto.Name}' is a {value.GetType().Name}, which ONNX has no kind for.");
        }
    }

    private static AttributeKind Fill(AttributeProto proto, OpaqueProto opaque)
    {
        if (opaque.Message == nameof(SparseTensorProto))
        {
            proto.SparseTensor = SparseTensorProto.Parser.ParseFrom(opaque.Encoded.Span);
            return AttributeKind.SparseTensor;
        }
        proto.Tp = TypeProto.Parser.ParseFrom(opaque.Encoded.Span);
        return AttributeKind.Type;
    }

    private static AttributeKind Fill(AttributeProto proto, OpaqueProto[] opaques)
    {
        if (opaques.Length > 0 && opaques[0].Message == nameof(SparseTensorProto))
        {
            proto.SparseTensors.AddRange(opaques.Select(o => SparseTensorProto.Parser.ParseFrom(o.Encoded.Span)));
            return AttributeKind.SparseTensors;
        }
        proto.TypeProtos.AddRange(opaques.Select(o => TypeProto.Parser.ParseFrom(o.Encoded.Span)));
        return AttributeKind.Types;
    }
}
