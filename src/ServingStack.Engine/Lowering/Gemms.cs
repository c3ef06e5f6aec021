using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Engine.Lowering;

/// <summary>Fully connected layers: Gemm, and MatMul with a constant matrix on the right; fp32 and quantized.</summary>
internal static class Gemms
{
    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        new("", "Gemm", Lower),
        new("", "MatMul", Lower),
        new(Domains.Fused, "FusedGemm", Lower),
        new(Domains.Quantized, "QGemm", Lower),
    ];

    private sealed record Key(string Output, GemmProblem Problem);

    /// <summary>What multiplies what: rows of A times a K x N matrix, plus an addend that is either a bias or a residual.</summary>
    private sealed record Product(int M, int N, int K, bool TransB, float[]? Bias, PlanValue? Residual, float ResidualScale);

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (Refusal(node) is { } reason) return reason;
        var product = ProductOf(node);
        var problem = ProblemOf(node, product);
        var selection = KernelTable.Select(problem, context.InstructionSet);
        var packed = context.Weights.GetOrAdd(
            new Key(node.Y.Name, problem), () => selection.Chosen.Pack(problem, WeightsOf(node, product, problem.B)));

        var a = context.Read(node.X, Layout.Plain);
        var residual = product.Residual is { } r ? context.Read(r, Layout.Plain) : null;
        var c = context.Write(node.Y, Layout.Plain);
        var strideA = (nint)product.K * problem.A.Size();
        var strideC = (nint)product.N * problem.Epilogue.Output.Size();
        var strideResidual = (nint)product.N * (problem.Epilogue.Residual?.Size() ?? 0);
        context.Emit(
            node,
            residual is null ? [a] : [a, residual],
            [c],
            map => packed.Bind(new GemmOperands(
                product.M, map[a], strideA, map[c], strideC, residual is null ? 0 : map[residual], strideResidual)),
            selection.Notes());
        return null;
    }

    private static string? Refusal(PlanNode node)
    {
        if (node.Inputs[1]!.Constant is not { Rank: 1 or 2 }) return "its right matrix is not a constant of two dimensions";
        if (node.Attributes.Int("transA", 0) != 0) return "its left matrix is transposed";
        if (node.X.Shape.Length == 0) return "its left matrix is a scalar";
        if (IsGemm(node) && node.Input(2) is { } c && BiasOf(node, c) is null && !IsResidual(node, c)) return "its addend is broadcast over columns";
        var plain = node.Domain == Domains.Quantized || !IsGemm(node);
        return plain ? LayerConstants.Refusal(node) : LayerConstants.RefusalOfTypes(node);
    }

    private static Product ProductOf(PlanNode node)
    {
        var a = node.X.Shape;
        var b = node.Inputs[1]!.Constant!.Dimensions;
        var transB = node.Attributes.Int("transB", 0) != 0;
        var n = b.Length == 1 ? 1 : transB ? b[0] : b[1];
        var m = node.Y.ElementCount / n;
        var bias = node.Domain != Domains.Quantized && node.Input(2) is { } c ? BiasOf(node, c) : null;
        var addend = node.Domain != Domains.Quantized && bias is null ? node.Input(2) : null;
        return new Product(
            checked((int)m), checked((int)n), checked((int)a[^1]), transB, bias,
            node.Input(3) ?? addend, addend is null ? 1 : node.Attributes.Float("beta", 1));
    }

    private static GemmProblem ProblemOf(PlanNode node, Product product)
    {
        var epilogue = Epilogues.Of(node);
        if (node.Domain != Domains.Quantized)
            epilogue = epilogue with { Residual = product.Residual is null ? null : DataType.Float32, ResidualScale = product.ResidualScale };
        var problem = new GemmProblem(product.N, product.K, node.X.KernelType!.Value, epilogue);
        // A factor could make a weight too long for 16 bits.
        return node.Domain == Domains.Quantized || node.Attributes.Float("alpha", 1) != 1
            ? problem : problem with { B = HalfStorage.TypeFor(node.Inputs[1]!.Constant!, product.M) };
    }

    private static GemmWeights WeightsOf(PlanNode node, Product product, DataType type)
    {
        var constant = node.Inputs[1]!.Constant!;
        var matrix = product.TransB ? LayerConstants.Transposed(constant) : constant.Bytes;
        if (node.Domain == Domains.Quantized) return LayerConstants.Of(node, matrix, product.N);
        var scaled = LayerConstants.Scaled(matrix, node.Attributes.Float("alpha", 1));
        return new GemmWeights { B = HalfStorage.Narrowed(scaled, type), Bias = product.Bias };
    }

    private static bool IsGemm(PlanNode node) => node.OpType is "Gemm" or "FusedGemm";

    private static bool IsResidual(PlanNode node, PlanValue c) =>
        node.Input(3) is null && c.ElementType == ElementType.Float32 && c.Shape.SequenceEqual(node.Y.Shape);

    /// <summary>The addend as one number a column, times beta; null when it is not constant or differs from row to row.</summary>
    private static float[]? BiasOf(PlanNode node, PlanValue c)
    {
        var columns = (int)node.Y.Shape[^1];
        if (c.Constant is not { ElementType: ElementType.Float32 } constant) return null;
        if (constant.ElementCount != 1 && (constant.ElementCount != columns || constant.Dimensions[^1] != columns)) return null;
        var values = constant.As<float>();
        var beta = node.Attributes.Float("beta", 1);
        var bias = new float[columns];
        for (var n = 0; n < columns; n++) bias[n] = beta * values[values.Length == 1 ? 0 : n];
        return bias;
    }
}
