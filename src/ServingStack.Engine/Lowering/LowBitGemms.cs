using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Engine.Lowering;

/// <summary>
/// Layers with 4-bit weights. Our kernels quantize the activations to eight bits, so they take only models that allow it: accuracy level 4.
/// </summary>
internal static class LowBitGemms
{
    private const int EightBitActivations = 4;

    public static IEnumerable<LoweringRow> Rows { get; } = [new(Domains.Microsoft, "MatMulNBits", Lower)];

    private sealed record Key(string Output, LowBitProblem Problem);

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (Refusal(node) is { } reason) return reason;
        var problem = ProblemOf(node);
        var m = checked((int)(node.Y.ElementCount / problem.N));
        var selection = KernelTable.Select(problem, context.InstructionSet);
        var packed = context.Weights.GetOrAdd(
            new Key(node.Y.Name, problem), () => selection.Chosen.Pack(problem, WeightsOf(node, problem)));
        var a = context.Read(node.X, Layout.Plain);
        var c = context.Write(node.Y, Layout.Plain);
        context.Emit(
            node, [a], [c],
            map => packed.Bind(new GemmOperands(m, map[a], (nint)problem.K * sizeof(float), map[c], (nint)problem.N * sizeof(float))),
            selection.Notes());
        return null;
    }

    private static string? Refusal(PlanNode node)
    {
        var (bits, level) = (node.Attributes.Int("bits", 4), node.Attributes.Int("accuracy_level", 0));
        if (bits != 4) return $"its weights have {bits} bits";
        if (level != EightBitActivations) return $"its accuracy level is {level}: only 4 allows activations of eight bits";
        if (node.X.KernelType != DataType.Float32) return $"its input is {node.X.ElementType}";
        if (node.Inputs[1]!.Constant is not { ElementType: ElementType.UInt8 } b) return "its weights are no constant bytes";
        if (node.Inputs[2]!.Constant is not { ElementType: ElementType.Float32 } scales) return "its scales are no constant floats";
        if (node.Input(3) is { Constant: not { ElementType: ElementType.UInt8 } }) return "its zero points are no constant bytes";
        if (node.Input(4) is not null) return "its columns are in an order of their own";
        if (node.Input(5) is { Constant: not { ElementType: ElementType.Float32 } }) return "its bias is no constant floats";
        if (node.Attributes.Int("block_size", 0) is < 16 and var block) return $"its block size is {block}";
        return FitsShape(ProblemOf(node), b, scales, node.Input(3)?.Constant) ? null : "its weights, scales and zero points do not fit N and K";
    }

    private static bool FitsShape(LowBitProblem problem, Tensor b, Tensor scales, Tensor? zeroPoints)
    {
        var blocks = (long)problem.N * problem.Blocks;
        return b.ElementCount == blocks * problem.Block / 2 && scales.ElementCount == blocks
            && (zeroPoints is null || zeroPoints.ElementCount == problem.N * Nibbles.BytesFor(problem.Blocks));
    }

    private static LowBitProblem ProblemOf(PlanNode node) => new(
        checked((int)node.Attributes.Int("N", 0)), checked((int)node.Attributes.Int("K", 0)), DataType.Float32,
        checked((int)node.Attributes.Int("block_size", 0)), Epilogues.Of(node) with { Residual = null })
    {
        HasZeroPoints = node.Input(3) is not null,
    };

    private static GemmWeights WeightsOf(PlanNode node, LowBitProblem problem) => new()
    {
        B = node.Inputs[1]!.Constant!.Bytes,
        BlockScales = node.Inputs[2]!.Constant!.As<float>().ToArray(),
        BlockZeroPoints = node.Input(3) is { } zeroPoints ? Unpacked(zeroPoints.Constant!.Bytes.Span, problem) : default,
        Bias = node.Input(5)?.Constant!.As<float>().ToArray(),
    };

    /// <summary>Rows of zero points start at whole bytes.</summary>
    private static byte[] Unpacked(ReadOnlySpan<byte> packed, LowBitProblem problem)
    {
        var result = new byte[problem.N * problem.Blocks];
        var rowNibbles = 2 * Nibbles.BytesFor(problem.Blocks);
        for (var i = 0; i < result.Length; i++)
            result[i] = (byte)Nibbles.Get(packed, (i / problem.Blocks * rowNibbles) + (i % problem.Blocks));
        return result;
    }
}
