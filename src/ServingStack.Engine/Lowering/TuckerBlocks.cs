using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Tucker;

namespace ServingStack.Engine.Lowering;

/// <summary>Three convolutions of which only the last one's result is read by others.</summary>
internal sealed record TuckerBlock(PlanNode Reduce, PlanNode Core, PlanNode Expand, TuckerProblem Problem)
{
    public IEnumerable<PlanNode> Nodes => [Reduce, Core, Expand];

    /// <summary>Bytes of one image that lie between the convolutions.</summary>
    public long IntermediateBytes => Stored(Problem.Reduce) + Stored(Problem.Core);

    private static long Stored(ConvolutionProblem p) =>
        (long)p.OutputHeight * p.OutputWidth * p.OutputChannels * p.Epilogue.Output.Size();
}

/// <summary>
/// Convolutions 1x1, kxk, 1x1 in a row, as Tucker decompositions and bottlenecks have them, as one kernel: where what lies between them
/// would not stay in the cache by itself.
/// </summary>
internal static class TuckerBlocks
{
    private static readonly HashSet<(string Domain, string OpType)> Convolves =
        [("", "Conv"), (Domains.Fused, "FusedConv"), (Domains.Quantized, "QConv")];

    private sealed record Key(string Output, TuckerProblem Problem);

    /// <summary>For each node that belongs to a block, the block; blocks do not overlap.</summary>
    public static Dictionary<Node, TuckerBlock> Find(Graph graph, IReadOnlyList<PlanNode> nodes, InstructionSet instructionSet)
    {
        var byNode = nodes.Where(IsConvolution).ToDictionary(node => node.Source);
        var blocks = new Dictionary<Node, TuckerBlock>();
        foreach (var expand in nodes.Where(IsConvolution))
            if (BlockAt(graph, byNode, expand) is { } block && IsWorthIt(block, instructionSet)
                && !block.Nodes.Any(node => blocks.ContainsKey(node.Source)))
                foreach (var node in block.Nodes) blocks.Add(node.Source, block);
        return blocks;
    }

    public static void Lower(LoweringContext context, TuckerBlock block)
    {
        var problem = block.Problem;
        var row = TuckerTable.Select(problem, context.InstructionSet);
        var packed = context.Weights.GetOrAdd(
            new Key(block.Expand.Y.Name, problem),
            () => row.Pack(problem, new TuckerWeights(
                WeightsOf(block.Reduce), WeightsOf(block.Core), WeightsOf(block.Expand))));
        var batch = checked((int)block.Reduce.X.Shape[0]);
        var x = context.Read(block.Reduce.X, Layout.ChannelsLast);
        var residual = block.Expand.Input(3) is { } r ? context.Read(r, Layout.ChannelsLast) : null;
        var y = context.Write(block.Expand.Y, Layout.ChannelsLast);
        context.Emit(
            Describe(block), residual is null ? [x] : [x, residual], [y],
            map => packed.Bind(new ConvolutionOperands(batch, map[x], map[y], residual is null ? 0 : map[residual])));
    }

    private static bool IsConvolution(PlanNode node) => Convolves.Contains((node.Domain, node.OpType));

    private static TuckerBlock? BlockAt(Graph graph, Dictionary<Node, PlanNode> convolutions, PlanNode expand)
    {
        if (Before(graph, convolutions, expand) is not { } core || Before(graph, convolutions, core) is not { } reduce) return null;
        PlanNode[] nodes = [reduce, core, expand];
        if (nodes.Any(node => node.X.Shape.Length != 4 || Convolutions.Refusal(node) is not null)) return null;
        if (reduce.Input(3) is not null || core.Input(3) is not null) return null;
        var problem = new TuckerProblem(ProblemOf(reduce), ProblemOf(core), ProblemOf(expand));
        return IsPointwise(problem.Reduce) && !IsPointwise(problem.Core) && problem.Core.Groups == 1 && IsPointwise(problem.Expand)
            ? new TuckerBlock(reduce, core, expand, problem)
            : null;
    }

    private static PlanNode? Before(Graph graph, Dictionary<Node, PlanNode> convolutions, PlanNode node) =>
        node.Source.Inputs[0] is { Producer: { } producer } x && convolutions.TryGetValue(producer, out var before)
        && x.Consumers.Count == 1 && !graph.IsOutput(x) && !before.Y.IsConstant ? before : null;

    private static bool IsPointwise(ConvolutionProblem p) => p is
    {
        Groups: 1, KernelPixels: 1, StrideX: 1, StrideY: 1, PadTop: 0, PadLeft: 0, PadBottom: 0, PadRight: 0,
    };

    // Matrix instructions for bytes are so fast that the products by themselves win there.
    private static bool IsWorthIt(TuckerBlock block, InstructionSet instructionSet)
    {
        if (block.Problem.Reduce.Input != DataType.Float32 && instructionSet >= InstructionSet.Avx512Amx) return false;
        return block.IntermediateBytes > MachineFeatures.Current.Caches.L2 / 2
            && TuckerTable.Select(block.Problem, instructionSet).InstructionSet > InstructionSet.Portable;
    }

    private static ConvolutionProblem ProblemOf(PlanNode node) => Convolutions.ProblemOf(node, Convolutions.WindowOf(node));

    private static GemmWeights WeightsOf(PlanNode node)
    {
        var weights = node.Inputs[1]!;
        return LayerConstants.Of(node, weights.Constant!.Bytes, checked((int)weights.Shape[0]));
    }

    private static PlanStep Describe(TuckerBlock block)
    {
        var costs = block.Nodes.Select(OperatorCost.Of).ToArray();
        var between = block.Reduce.Y.ByteLength + block.Core.Y.ByteLength;
        return new PlanStep(
            block.Expand.Name, "TuckerBlock", Precisions.Of(block.Reduce), PlanStep.KernelsBackend, "",
            costs.Sum(c => c.Flops), costs.Sum(c => c.BytesRead) - between, block.Expand.Y.ByteLength)
        {
            Shapes = string.Join("; ", block.Nodes.Select(node => node.DescribeShapes())),
            Note = $"{block.Reduce.Name}, {block.Core.Name} and {block.Expand.Name} in one: "
                + $"{block.IntermediateBytes >> 10} KiB an image stay in cache",
        };
    }
}
