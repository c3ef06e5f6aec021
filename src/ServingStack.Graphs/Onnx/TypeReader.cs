using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Reads ONNX's <c>TypeProto</c>: element type and shape of tensors; other types are kept as they are.</summary>
internal static class TypeReader
{
    public static void Apply(TypeProto? type, Value value, LoadContext context)
    {
        if (type is null || type.ValueCase == TypeProto.ValueOneofCase.None) return;
        if (type.ValueCase != TypeProto.ValueOneofCase.TensorType)
        {
            value.ContainerType = new OpaqueProto(nameof(TypeProto), type.ToByteArray());
            return;
        }
        value.ElementType = ElementTypeOf(type.TensorType.ElemType, $"value '{value.Name}'", context);
        if (type.TensorType.Shape is { } shape) value.Shape = new Shape(shape.Dim.Select(DimensionOf));
    }

    public static ElementType ElementTypeOf(int number, string what, LoadContext context) => Enum.IsDefined((ElementType)number)
        ? (ElementType)number
        : throw context.Fail($"The element type {number} of {what} is unknown.",
            "Export the model with an element type of ONNX 1.20 or older.");

    /// <summary>Some exporters write -1 or an empty name for "unknown".</summary>
    private static Dimension DimensionOf(TensorShapeProto.Types.Dimension dimension) => dimension.ValueCase switch
    {
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when dimension.DimValue >= 0 => dimension.DimValue,
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when dimension.DimParam.Length > 0 => Dimension.Named(dimension.DimParam),
        _ => Dimension.Unknown,
    };
}
