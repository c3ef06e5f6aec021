using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Quantization;

namespace ServingStack.Engine.Lowering;

/// <summary>QuantizeLinear and DequantizeLinear, with one scale for the tensor or one a channel.</summary>
internal static class Quantizations
{
    private delegate BoundKernel Binder(DataType type, QuantizationAxis axis, nint x, nint y);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        new("", "QuantizeLinear", (context, node) => Lower(context, node, node.X, node.Y, Quantize.Bind)),
        new("", "DequantizeLinear", (context, node) => Lower(context, node, node.Y, node.X, Dequantize.Bind)),
    ];

    private static string? Lower(LoweringContext context, PlanNode node, PlanValue real, PlanValue quantized, Binder bind)
    {
        if (Refusal(node, real, quantized) is { } reason) return reason;
        var shape = node.X.Shape;
        var scales = node.Inputs[1]!.Constant!.As<float>().ToArray();
        var zeroPoints = node.Input(2) is { } zero ? Array.ConvertAll(zero.Constant!.ToInt64s(), z => (int)z) : [];
        // Per tensor, the input is taken as it lies: a change of layout costs a quarter on the quantized side, and none where nobody wants it.
        var layout = context.HomeOf(node.X);
        var (outer, _, inner) = scales.Length == 1
            ? (1, 1, node.X.ElementCount)
            : Axes.Split(layout, shape, Axes.Normalize(node.Attributes.Int("axis", 1), shape.Length));
        var x = context.Read(node.X, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(
            node, [x], [y], map => bind(quantized.KernelType!.Value, new QuantizationAxis(scales, zeroPoints, outer, inner), map[x], map[y]));
        return null;
    }

    private static string? Refusal(PlanNode node, PlanValue real, PlanValue quantized)
    {
        var allowed = node.OpType == "QuantizeLinear" ? quantized.KernelType is DataType.UInt8 or DataType.Int8
            : quantized.KernelType is DataType.UInt8 or DataType.Int8 or DataType.Int32;
        if (real.ElementType != ElementType.Float32 || !allowed) return $"it goes from {node.X.ElementType} to {node.Y.ElementType}";
        if (node.Inputs[1]!.Constant is not { ElementType: ElementType.Float32 } scale) return "its scale is not constant";
        if (node.Input(2) is { IsConstant: false }) return "its zero point is not constant";
        if (scale.ElementCount == 1) return null;
        return scale.Rank == 1 && scale.ElementCount == node.X.Shape[Axes.Normalize(node.Attributes.Int("axis", 1), node.X.Shape.Length)]
            ? null : "it has a scale for each block";
    }
}
