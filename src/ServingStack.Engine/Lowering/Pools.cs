using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Pooling;

namespace ServingStack.Engine.Lowering;

/// <summary>
/// Pooling over one to three spatial axes, channels last. Three axes are pooled plane by plane, then over depth: a maximum of maxima, and a
/// mean of means, since all windows of a depth count equally many numbers of each plane.
/// </summary>
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
        var depth = DepthProblemOf(node, problem);
        var planes = depth?.OutputHeight ?? problem.Batch / output[0];
        long[] sizes = [output[0] * planes, problem.OutputHeight, problem.OutputWidth];
        if (sizes.Aggregate(1L, (a, b) => a * b) * problem.Channels != node.Y.ElementCount || output[^1] != problem.OutputWidth)
            return $"its windows give {planes} x {problem.OutputHeight} x {problem.OutputWidth}, not {Shape.Of(output)}";
        var type = node.X.KernelType!.Value;
        var x = context.Read(node.X, Layout.ChannelsLast);
        var y = context.Write(node.Y, Layout.ChannelsLast);
        if (depth is null)
        {
            context.Emit(node, [x], [y], map => bind(type, problem, map[x], map[y]));
            return null;
        }
        var pooled = Operand.InArena((long)problem.Batch * problem.OutputHeight * problem.OutputWidth * problem.Channels * type.Size());
        context.Emit(node, [x], [pooled], map => bind(type, problem, map[x], map[pooled]), "planes");
        context.Emit(node, [pooled], [y], map => bind(type, depth, map[pooled], map[y]), "depth");
        return null;
    }

    private static string? Refusal(PlanNode node)
    {
        var type = node.X.ElementType;
        var bytes = node.OpType.Contains("Max", StringComparison.Ordinal) && type is ElementType.UInt8 or ElementType.Int8;
        if (type != ElementType.Float32 && !bytes) return $"its input is {type}";
        if (node.X.Shape.Length is < 3 or > 5) return "one to three spatial axes are expected";
        return node.Asks(1) ? "the places of its maxima are asked for" : null;
    }

    /// <summary>How a node pools height and width; planes of a depth count as images of their own.</summary>
    public static PoolProblem ProblemOf(PlanNode node)
    {
        var window = WindowOf(node);
        return new PoolProblem
        {
            Batch = window.Batch * window.Depth,
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
        return PoolProblem.Global(shape[0], shape[2..^1].Aggregate(1, (a, b) => a * b), shape[^1], shape[1]);
    }

    /// <summary>
    /// How a node pools depth, after the planes: lines are planes, columns their pixels. Null where there is nothing to do.
    /// </summary>
    public static PoolProblem? DepthProblemOf(PlanNode node, PoolProblem planes)
    {
        if (node.X.Shape.Length < 5 || node.Attributes.Ints("kernel_shape") is null) return null;
        var window = WindowOf(node);
        if (window is { KernelZ: 1, StrideZ: 1, PadFront: 0, PadBack: 0 }) return null;
        return new PoolProblem
        {
            Batch = window.Batch,
            Channels = window.Channels,
            InputHeight = window.Depth,
            InputWidth = planes.OutputHeight * planes.OutputWidth,
            KernelHeight = window.KernelZ,
            KernelWidth = 1,
            StrideY = window.StrideZ,
            DilationY = window.DilationZ,
            PadTop = window.PadFront,
            PadBottom = window.PadBack,
            CeilMode = planes.CeilMode,
            CountIncludePad = planes.CountIncludePad,
        };
    }

    private static Window WindowOf(PlanNode node) =>
        Window.Of(node, node.Attributes.Ints("kernel_shape") ?? throw new LoweringException($"{node} has no kernel_shape."));
}
