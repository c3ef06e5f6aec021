using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Convolution;

namespace ServingStack.Engine.Lowering;

/// <summary>Convolutions with constant weights, in one to three dimensions: fp32 and quantized.</summary>
internal static class Convolutions
{
    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        new("", "Conv", Lower),
        new(Domains.Fused, "FusedConv", Lower),
        new(Domains.Quantized, "QConv", Lower),
    ];

    private sealed record Key(string Output, ConvolutionProblem Problem);

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (Refusal(node) is { } reason) return reason;
        var window = WindowOf(node);
        var problem = ProblemOf(node, window);
        var selection = KernelTable.Select(problem, context.InstructionSet);
        var packed = context.Weights.GetOrAdd(
            new Key(node.Y.Name, problem),
            () => selection.Chosen.Pack(problem, LayerConstants.Of(node, node.Inputs[1]!.Constant!.Bytes, problem.OutputChannels)));

        var x = context.Read(node.X, Layout.ChannelsLast);
        var residual = node.Input(3) is { } r ? context.Read(r, Layout.ChannelsLast) : null;
        var y = context.Write(node.Y, Layout.ChannelsLast);
        context.Emit(
            node,
            residual is null ? [x] : [x, residual],
            [y],
            map => packed.Bind(new ConvolutionOperands(window.Batch, map[x], map[y], residual is null ? 0 : map[residual])),
            selection.Notes());
        return null;
    }

    /// <summary>Why no kernel of ours takes a convolution; null when one does.</summary>
    public static string? Refusal(PlanNode node)
    {
        if (node.X.Shape.Length is < 3 or > 5) return "one to three spatial axes are expected";
        return LayerConstants.Refusal(node);
    }

    public static Window WindowOf(PlanNode node) => Window.Of(node, node.Inputs[1]!.Shape[2..]);

    public static ConvolutionProblem ProblemOf(PlanNode node, Window window) => new()
    {
        InputChannels = window.Channels,
        OutputChannels = checked((int)node.Inputs[1]!.Shape[0]),
        InputDepth = window.Depth,
        InputHeight = window.Height,
        InputWidth = window.Width,
        KernelDepth = window.KernelZ,
        KernelHeight = window.KernelY,
        KernelWidth = window.KernelX,
        StrideZ = window.StrideZ,
        StrideY = window.StrideY,
        StrideX = window.StrideX,
        DilationZ = window.DilationZ,
        DilationY = window.DilationY,
        DilationX = window.DilationX,
        PadFront = window.PadFront,
        PadTop = window.PadTop,
        PadLeft = window.PadLeft,
        PadBack = window.PadBack,
        PadBottom = window.PadBottom,
        PadRight = window.PadRight,
        Groups = checked((int)node.Attributes.Int("group", 1)),
        Input = node.X.KernelType!.Value,
        Epilogue = Epilogues.Of(node),
    };
}
