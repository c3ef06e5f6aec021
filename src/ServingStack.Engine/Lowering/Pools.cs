using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Pooling;

namespace ServingStack.Engine.Lowering;

/// <summary>Pooling over one or two spatial axes, channels last.</summary>
internal static class Pools
{
    private delegate BoundKernel Binder(DataType type, PoolProblem problem, nint x, nint y);

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        new("", "MaxPool", (context, node) => Lower(context, node, Max, ProblemOf)),
        new("", "AveragePool", (context, node) => Lower(context, node, Average, ProblemOf)),
        new("", "GlobalMaxPool", (context, node) => Lower(context, node, Max, GlobalProblemOf)),
        new("", "GlobalAveragePool", (context, node) => Lower(context, node, Average, GlobalProblemOf)),
    ];

    private static BoundKernel Max(DataType type, PoolProblem problem, nint x, nint y) => MaxPool.Bind(type, problem, x, y);

    private static BoundKernel Average(DataType type, PoolProblem problem, nint x, nint y) => AveragePool.Bind(problem, x, y);

    private static string? Lower(LoweringContext context, PlanNode node, Binder bind, Func<PlanNode, PoolProblem> problemOf)
    {
        if (Refusal(node) is { } reason) return reason;
        var problem = problemOf(node);
        var output = node.Y.Shape;
        if (output[^1] != problem.OutputWidth || (output.Length == 4 && output[2] != problem.OutputHeight))
            return $"its windows give {problem.OutputHeight} x {problem.OutputWidth}, not {Shape.Of(output)}";
        var type = node.X.KernelType!.Value;
        var x = context.Read(node.X, Layout.ChannelsLast);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        context.Emit(node, [x], [y], map => bind(type, problem, map[x], map[y]));
        return null;
    }

    private static string? Refusal(PlanNode node)
    {
        var type = node.X.ElementType;
        var bytes = node.OpType.Contains("Max", StringComparison.Ordinal) && type is ElementType.UInt8 or ElementType.Int8;
        if (type != ElementType.Float32 && !bytes) return $"its input is {type}";
        if (node.X.Shape.Length is not (3 or 4)) return "one or two spatial axes are expected";
        return node.Asks(1) ? "the places of its maxima are asked for" : null;
    }

    public static PoolProblem ProblemOf(PlanNode node)
    {
        var window = Window.Of(node, node.Attributes.Ints("kernel_shape") ?? throw new LoweringException($"{node} has no kernel_shape."));
        return new PoolProblem
        {
            Batch = window.Batch,
            Channels = window.Channels,
            InputHeight = window.Height,
            InputWidth = window.Width,
            KernelHeight = window.KernelY,
            KernelWidth = window.KernelX,
            StrideY = window.StrideY,
            StrideX = window.StrideX,
            DilationY = window.DilationY,
            DilationX = window.DilationX,
            PadTop = window.PadTop,
            PadLeft = window.PadLeft,
            PadBottom = window.PadBottom,
            PadRight = window.PadRight,
            CeilMode = node.Attributes.Int("ceil_mode", 0) != 0,
            CountIncludePad = node.Attributes.Int("count_include_pad", 0) != 0,
        };
    }

    public static PoolProblem GlobalProblemOf(PlanNode node)
    {
        var shape = Array.ConvertAll(node.X.Shape, extent => checked((int)extent));
        return PoolProblem.Global(shape[0], shape.Length == 3 ? 1 : shape[2], shape[^1], shape[1]);
    }
}
