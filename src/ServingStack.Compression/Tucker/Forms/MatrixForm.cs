using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Forms;

/// <summary>A fully-connected layer, Gemm or MatMul: one to the rank, one to the outputs with the bias.</summary>
internal sealed class MatrixForm : ILayerForm
{
    public string? Refusal(Node node)
    {
        if (node.Input(1)?.Constant is not { ElementType: ElementType.Float32 } weights)
            return node.OpType == "MatMul" ? "it multiplies two activations, not an activation and weights"
                : "its weights are no Float32 constant";
        if (weights.Rank != 2) return $"its weights have {weights.Rank} axes, expected 2";
        return node.Attributes.Float("alpha", 1) != 1 || node.Attributes.Float("beta", 1) != 1 || node.Attributes.Int("transA", 0) != 0
            ? "it scales or transposes (alpha, beta, transA)" : null;
    }

    public KernelTensor[] Read(Node node)
    {
        var weights = node.Inputs[1]!.Constant!;
        var (rows, columns) = ((int)weights.Dimensions[0], (int)weights.Dimensions[1]);
        var values = Array.ConvertAll(weights.As<float>().ToArray(), v => (double)v);
        return IsTransposed(node) ? [new(rows, columns, 1, values)] : [new(columns, rows, 1, Transpose(values, rows, columns))];
    }

    public (long Inputs, long Outputs) Positions(Node node, long[] inputShape, long[] outputShape)
    {
        var rows = outputShape[..^1].Aggregate(1L, (product, extent) => product * extent);
        return (rows, rows);
    }

    public void Write(Graph graph, Node node, IReadOnlyList<TuckerDecomposition> parts)
    {
        var stem = Chain.NameOf(node);
        var (core, factor) = (parts[0].Core, parts[0].OutputFactor);
        var narrow = new Value(graph.FreshName($"{stem}.core")) { ElementType = ElementType.Float32 };
        var narrowing = Weights(node, core.Values, core.Outputs, core.Inputs);
        var first = Chain.Inputs(graph, node.Inputs[0]!, narrowing, $"{stem}.core.weight", null);
        graph.InsertBefore(node, new Node(node.OpType, first, [narrow], $"{stem}.core") { Attributes = Chain.AttributesOf(node) });
        var last = Weights(node, factor.ToRowMajorArray(), factor.RowCount, factor.ColumnCount);
        // MatMul takes no bias; what calibration would put there is left out.
        var bias = node.OpType == "MatMul" ? null : Chain.Bias(graph, node, parts);
        var second = Chain.Inputs(graph, narrow, last, $"{stem}.out.weight", bias);
        Chain.Replace(graph, node, new Node(node.OpType, second, [], $"{stem}.out") { Attributes = Chain.AttributesOf(node) });
    }

    private static bool IsTransposed(Node node) => node.Attributes.Int("transB", 0) != 0;

    /// <summary>A matrix [outputs, inputs] in the orientation that the node multiplies by.</summary>
    private static Tensor Weights(Node node, double[] values, int outputs, int inputs) => IsTransposed(node)
        ? Tensor.From<float>(Array.ConvertAll(values, v => (float)v), outputs, inputs)
        : Tensor.From<float>(Array.ConvertAll(Transpose(values, outputs, inputs), v => (float)v), inputs, outputs);

    private static double[] Transpose(double[] values, int rows, int columns)
    {
        var result = new double[values.Length];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) result[(j * rows) + i] = values[(i * columns) + j];
        return result;
    }
}
