using System.Globalization;
using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Engine.Lowering;

/// <summary>Layers with 4-bit weights and a list of large ones: products, and convolutions whose window is one pixel.</summary>
internal static class ValueAwareLayers
{
    private const int Bias = 2;
    private const int Scales = 4;
    private const int Places = 5;
    private const int Large = 6;

    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        new(Domains.Fused, "ValueAwareGemm", (context, node) => Lower(context, node, Layout.Plain)),
        new(Domains.Fused, "ValueAwareConv", (context, node) => Lower(context, node, Layout.ChannelsLast)),
    ];

    private sealed record Key(string Output, LowBitProblem Problem);

    private static string? Lower(LoweringContext context, PlanNode node, Layout layout)
    {
        var problem = ProblemOf(node);
        var m = checked((int)(node.Y.ElementCount / problem.N));
        var selection = KernelTable.Select(problem, context.InstructionSet);
        var packed = context.Weights.GetOrAdd(
            new Key(node.Y.Name, problem), () => selection.Chosen.Pack(problem, WeightsOf(node, problem)));
        var a = context.Read(node.X, layout);
        var c = context.Write(node.Y, layout);
        context.Emit(
            node, [a], [c],
            map => packed.Bind(new GemmOperands(m, map[a], (nint)problem.K * sizeof(float), map[c], (nint)problem.N * sizeof(float))),
            $"{Share(node, problem)}; {selection.Notes()}");
        return null;
    }

    private static string Share(PlanNode node, LowBitProblem problem) => string.Create(CultureInfo.InvariantCulture,
        $"4-bit weights, {100.0 * node.Inputs[Places]!.ElementCount / ((double)problem.N * problem.K):0.##} % large in 16 bits");

    private static LowBitProblem ProblemOf(PlanNode node) => new(
        checked((int)node.Attributes.Int("N", 0)), checked((int)node.Attributes.Int("K", 0)), DataType.Float32,
        checked((int)node.Attributes.Int("block_size", 0)), Epilogues.Of(node))
    {
        HasOutliers = node.Inputs[Places]!.ElementCount > 0,
    };

    private static GemmWeights WeightsOf(PlanNode node, LowBitProblem problem) => new()
    {
        B = node.Inputs[1]!.Constant!.Bytes,
        BlockScales = node.Inputs[Scales]!.Constant!.As<float>().ToArray(),
        Bias = node.Input(Bias)?.Constant!.As<float>().ToArray(),
        Outliers = OutliersOf(node, problem),
    };

    private static Outlier[] OutliersOf(PlanNode node, LowBitProblem problem)
    {
        var places = node.Inputs[Places]!.Constant!.As<long>();
        var values = node.Inputs[Large]!.Constant!.As<float>();
        var outliers = new Outlier[places.Length];
        for (var i = 0; i < outliers.Length; i++)
            outliers[i] = new((int)(places[i] % problem.K), (int)(places[i] / problem.K), values[i]);
        return outliers;
    }
}
