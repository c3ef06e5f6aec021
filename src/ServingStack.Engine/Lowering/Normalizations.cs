using ServingStack.Graphs;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Normalization;

namespace ServingStack.Engine.Lowering;

/// <summary>Normalizations of floats: by constants (batch), by row (layer), by neighbouring channels (local response).</summary>
internal static class Normalizations
{
    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        new("", "BatchNormalization", LowerBatch),
        new(Domains.Fused, "FusedAffine", LowerAffine),
        new("", "LayerNormalization", LowerLayer),
        new("", "LRN", LowerLocalResponse),
    ];

    private static string? LowerBatch(LoweringContext context, PlanNode node)
    {
        if (node.X.ElementType != ElementType.Float32) return $"its input is {node.X.ElementType}";
        if (node.Attributes.Int("training_mode", 0) != 0) return "it is in training mode";
        if (node.Inputs.Skip(1).Any(v => v is not { Constant.ElementType: ElementType.Float32 })) return "its statistics are no constant floats";
        if (node.X.Shape.Length < 2) return "its input has no channels";
        var x = context.Read(node.X, Layout.ChannelsLast);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        var pixels = node.X.ElementCount / node.X.Shape[1];
        context.Emit(node, [x], [y], map => BatchNormalization.Bind(
            map[x], map[y], pixels, Numbers(node, 1), Numbers(node, 2), Numbers(node, 3), Numbers(node, 4), node.Attributes.Float("epsilon", 1e-5f)));
        return null;
    }

    private static string? LowerAffine(LoweringContext context, PlanNode node)
    {
        var (reads, parts) = PartsOf(context, node);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        context.Emit(node, reads, [y], map => ChannelAffine.Bind(
            parts(map), map[y], node.Y.ElementCount / node.Y.Shape[1], Numbers(node, 1), Numbers(node, 2),
            node.Attributes.Float("activation_min", float.NegativeInfinity), node.Attributes.Float("activation_max", float.PositiveInfinity)));
        return null;
    }

    /// <summary>What an affine node reads, channels last, and the same once addresses are known.</summary>
    public static (Operand[] Reads, Func<AddressMap, ChannelParts> Parts) PartsOf(LoweringContext context, PlanNode node)
    {
        var values = node.Inputs.Where((_, i) => i is not (1 or 2)).ToArray();
        var reads = Array.ConvertAll(values, value => context.Read(value!, Layout.ChannelsLast));
        var channels = Array.ConvertAll(values, value => checked((int)value!.Shape[1]));
        return (reads, map => new ChannelParts(Array.ConvertAll(reads, read => map[read]), channels));
    }

    private static ReadOnlySpan<float> Numbers(PlanNode node, int input) => node.Inputs[input]!.Constant!.As<float>();

    private static string? LowerLayer(LoweringContext context, PlanNode node)
    {
        if (node.X.ElementType != ElementType.Float32) return $"its input is {node.X.ElementType}";
        if (node.Asks(1) || node.Asks(2)) return "its mean or deviation is asked for";
        var shape = node.X.Shape;
        var axis = Axes.Normalize(node.Attributes.Int("axis", -1), shape.Length);
        var length = Axes.Product(shape.AsSpan(axis));
        if (node.Inputs.Skip(1).Any(v => v is not null && v.ElementCount != length)) return "its scale is broadcast";
        var x = context.Read(node.X, Layout.Plain);
        var scale = context.Read(node.Inputs[1]!, Layout.Plain);
        var bias = node.Input(2) is { } b ? context.Read(b, Layout.Plain) : null;
        var y = context.Write(node.Y, Layout.Plain);
        var rows = node.X.ElementCount / length;
        context.Emit(
            node,
            bias is null ? [x, scale] : [x, scale, bias],
            [y],
            map => LayerNormalization.Bind(
                map[x], map[scale], bias is null ? 0 : map[bias], map[y], rows, length, node.Attributes.Float("epsilon", 1e-5f)));
        return null;
    }

    private static string? LowerLocalResponse(LoweringContext context, PlanNode node)
    {
        if (node.X.ElementType != ElementType.Float32) return $"its input is {node.X.ElementType}";
        var channels = checked((int)node.X.Shape[1]);
        var size = checked((int)node.Attributes.Int("size", 1));
        var x = context.Read(node.X, Layout.ChannelsLast);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        context.Emit(node, [x], [y], map => LocalResponseNormalization.Bind(
            map[x], map[y], node.X.ElementCount / channels, channels, size,
            node.Attributes.Float("alpha", 1e-4f), node.Attributes.Float("beta", 0.75f), node.Attributes.Float("bias", 1)));
        return null;
    }
}
