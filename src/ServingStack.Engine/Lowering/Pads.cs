using ServingStack.Graphs;
using ServingStack.Kernels.Layout;

namespace ServingStack.Engine.Lowering;

/// <summary>ONNX Pad with constant amounts.</summary>
internal static class Pads
{
    private static readonly Dictionary<string, PadMode> Modes = new(StringComparer.Ordinal)
    {
        ["constant"] = PadMode.Constant,
        ["edge"] = PadMode.Edge,
        ["reflect"] = PadMode.Reflect,
        ["wrap"] = PadMode.Wrap,
    };

    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "Pad", Lower)];

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (node.X.KernelType is not { } type) return $"its elements are {node.X.ElementType}";
        if (node.Inputs.Skip(1).Any(v => v is { IsConstant: false })) return "its amounts are not constant";
        if (!Modes.TryGetValue(node.Attributes.String("mode", "constant"), out var mode)) return $"its mode is {node.Attributes.String("mode", "")}";
        var layout = context.HomeOf(node.X);
        var (before, after) = Amounts(node);
        (before, after) = (layout.Extents(before), layout.Extents(after));
        var x = context.Read(node.X, layout);
        var y = context.Write(node.Y, layout);
        context.Emit(
            node, [x], [y], map => Pad.Bind(type, map[x], layout.Extents(node.X.Shape), before, after, mode, ValueOf(node.Input(2)), map[y]));
        return null;
    }

    private static (long[] Before, long[] After) Amounts(PlanNode node)
    {
        var rank = node.X.Shape.Length;
        var (before, after) = (new long[rank], new long[rank]);
        var pads = node.Inputs[1]!.Constant!.ToInt64s();
        var axes = node.Input(3)?.Constant!.ToInt64s() ?? [.. Enumerable.Range(0, rank).Select(i => (long)i)];
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = Axes.Normalize(axes[i], rank);
            (before[axis], after[axis]) = (pads[i], pads[axes.Length + i]);
        }
        return (before, after);
    }

    /// <summary>The bits of the padding value, in the low bytes.</summary>
    private static ulong ValueOf(PlanValue? value)
    {
        if (value?.Constant is not { ElementCount: > 0 } constant) return 0;
        Span<byte> bits = stackalloc byte[sizeof(ulong)];
        bits.Clear();
        constant.Bytes.Span[..(constant.ElementType.BitsOf() / 8)].CopyTo(bits);
        return BitConverter.ToUInt64(bits);
    }
}
