using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Writes a value's name and type as ONNX's <c>ValueInfoProto</c>.</summary>
internal static class TypeWriter
{
    public static ValueInfoProto Write(Value value)
    {
        var info = new ValueInfoProto { Name = value.Name };
        if (value.ContainerType is { } container) info.Type = TypeProto.Parser.ParseFrom(container.Encoded.Span);
        else if (value.ElementType != ElementType.Undefined) info.Type = new TypeProto { TensorType = TensorTypeOf(value) };
        return info;
    }

    private static TypeProto.Types.Tensor TensorTypeOf(Value value)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)value.ElementType };
        if (value.Shape is null) return type;
        type.Shape = new TensorShapeProto();
        type.Shape.Dim.AddRange(value.Shape.Select(DimensionOf));
        return type;
    }

    private static TensorShapeProto.Types.Dimension DimensionOf(Dimension dimension)
    {
        var proto = new TensorShapeProto.Types.Dimension();
        if (dimension.IsFixed) proto.DimValue = dimension.Value;
        else if (dimension.Symbol is { } symbol) proto.DimParam = symbol;
        return proto;
    }
}
