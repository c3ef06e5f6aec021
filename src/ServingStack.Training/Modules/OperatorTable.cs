using ServingStack.Graphs;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training.Modules;

/// <summary>
/// The operators that a graph may hold to be trained: for each, which constant inputs are parameters, which are statistics that training
/// updates, and the same arithmetic on TorchSharp. Formulas: the ONNX operator pages.
/// </summary>
internal static class OperatorTable
{
    /// <summary>One operator: what to compute, and the roles of its constant inputs.</summary>
    internal sealed record Row(Func<OperatorCall, Tensor> Apply)
    {
        /// <summary>Inputs that training changes by their gradient.</summary>
        public int[] Parameters { get; init; } = [];
    }

    private static readonly Dictionary<string, Row> Rows = new(StringComparer.Ordinal)
    {
        ["Conv"] = new(Convolution) { Parameters = [1, 2] },
        ["Gemm"] = new(Gemm) { Parameters = [1, 2] },
        ["MatMul"] = new(c => c[0].matmul(c[1])) { Parameters = [1] },
        // An embedding: the table is input 0. Ids and their columns pass through the same operator, but hold no floats to train.
        ["Gather"] = new(Gather) { Parameters = [0] },
        ["BatchNormalization"] = new(BatchNormalization) { Parameters = [1, 2] },
        ["Relu"] = new(c => functional.relu(c[0])),
        ["Sigmoid"] = new(c => functional.sigmoid(c[0])),
        ["Softmax"] = new(c => functional.softmax(c[0], c.Attributes.Int("axis", -1))),
        ["Clip"] = new(c => c[0].clamp(c.Scalar(1, float.NegativeInfinity), c.Scalar(2, float.PositiveInfinity))),
        ["Add"] = new(c => c[0] + c[1]),
        ["Sub"] = new(c => c[0] - c[1]),
        ["Mul"] = new(c => c[0] * c[1]),
        ["Div"] = new(c => c[0] / c[1]),
        ["Tanh"] = new(c => c[0].tanh()),
        ["LeakyRelu"] = new(c => functional.leaky_relu(c[0], c.Attributes.Float("alpha", 0.01f))),
        ["Dropout"] = new(c => functional.dropout(c[0], c.Scalar(1, 0.5f), c.Training)),
        ["Slice"] = new(Movements.Slice),
        ["Pad"] = new(Movements.Pad),
        ["Transpose"] = new(Movements.Transpose),
        ["ReduceMean"] = new(ReduceMean),
        ["Concat"] = new(c => cat(Array.ConvertAll(c.Inputs, x => x!), c.Attributes.Int("axis", 0))),
        ["Flatten"] = new(Flatten),
        ["Reshape"] = new(Reshape),
        ["Identity"] = new(c => c[0].alias()),
        ["GlobalAveragePool"] = new(c => c[0].mean([2, 3], keepdim: true)),
        ["GlobalMaxPool"] = new(c => c[0].amax([2, 3], keepdim: true)),
        ["MaxPool"] = new(MaxPool),
        ["AveragePool"] = new(AveragePool),
    };

    /// <summary>The row of a node's operator.</summary>
    /// <exception cref="NotSupportedException">The operator cannot be trained through.</exception>
    public static Row RowFor(Node node) =>
        node.Domain.Length == 0 && Rows.TryGetValue(node.OpType, out var row) ? row
        : throw new NotSupportedException($"{node} cannot be trained through; the trainable operators are {string.Join(", ", Rows.Keys)}.");

    private static Tensor Convolution(OperatorCall c)
    {
        var (x, pads) = SymmetricPads(c, 0);
        return functional.conv2d(x, c[1], c.Optional(2), Pair(c, "strides"), pads, Pair(c, "dilations"), c.Attributes.Int("group", 1));
    }

    private static Tensor Gemm(OperatorCall c)
    {
        var a = c.Attributes.Int("transA", 0) != 0 ? c[0].t() : c[0];
        var b = c.Attributes.Int("transB", 0) != 0 ? c[1].t() : c[1];
        var (alpha, beta) = (c.Attributes.Float("alpha", 1), c.Attributes.Float("beta", 1));
        return c.Optional(2) is { } bias ? addmm(bias, a, b, beta, alpha) : a.matmul(b) * alpha;
    }

    private static Tensor Gather(OperatorCall c)
    {
        var axis = c.Attributes.Int("axis", 0);
        var (data, ids) = (c[0], c[1]);
        if (axis < 0) axis += data.dim();
        long[] shape = [.. data.shape[..(int)axis], .. ids.shape, .. data.shape[((int)axis + 1)..]];
        return data.index_select(axis, ids.flatten()).reshape(shape);
    }

    // While training, the batch's own mean and variance normalize, and inputs 3 and 4 follow them in place.
    private static Tensor BatchNormalization(OperatorCall c) =>
        functional.batch_norm(c[0], c[3], c[4], c[1], c[2], c.Training, 1 - c.Attributes.Float("momentum", 0.9f),
            c.Attributes.Float("epsilon", 1e-5f));

    private static Tensor Flatten(OperatorCall c)
    {
        var axis = (int)c.Attributes.Int("axis", 1);
        var shape = c[0].shape;
        var rows = shape[..(axis < 0 ? axis + shape.Length : axis)].Aggregate(1L, (product, d) => product * d);
        return c[0].reshape(rows, -1);
    }

    private static Tensor Reshape(OperatorCall c)
    {
        var shape = c.Int64s(1);
        if (c.Attributes.Int("allowzero", 0) == 0)
            for (var i = 0; i < shape.Length; i++)
                if (shape[i] == 0) shape[i] = c[0].shape[i];
        return c[0].reshape(shape);
    }

    private static Tensor ReduceMean(OperatorCall c)
    {
        long[] axes = c.Node.Input(1) is null ? [.. Enumerable.Range(0, (int)c[0].dim())] : c.Int64s(1);
        return c[0].mean(axes, keepdim: c.Attributes.Int("keepdims", 1) != 0);
    }

    private static Tensor MaxPool(OperatorCall c)
    {
        var (x, pads) = SymmetricPads(c, double.NegativeInfinity);
        return functional.max_pool2d(x, c.Attributes.Ints("kernel_shape")!, Pair(c, "strides"), pads, Pair(c, "dilations"),
            c.Attributes.Int("ceil_mode", 0) != 0);
    }

    private static Tensor AveragePool(OperatorCall c)
    {
        var pads = Pads(c);
        if (pads[0] != pads[2] || pads[1] != pads[3])
            throw new NotSupportedException($"{c.Node} pads its sides differently, which cannot be averaged through while training.");
        return functional.avg_pool2d(c[0], c.Attributes.Ints("kernel_shape")!, Pair(c, "strides"), pads[..2],
            c.Attributes.Int("ceil_mode", 0) != 0, c.Attributes.Int("count_include_pad", 0) != 0);
    }

    /// <summary>The input, padded by hand where the two sides of an axis differ, and the padding that is left for the operator.</summary>
    private static (Tensor Input, long[] Pads) SymmetricPads(OperatorCall c, double value)
    {
        var pads = Pads(c);
        if (pads[0] == pads[2] && pads[1] == pads[3]) return (c[0], pads[..2]);
        return (functional.pad(c[0], [pads[1], pads[3], pads[0], pads[2]], PaddingModes.Constant, value), [0, 0]);
    }

    // ONNX order: begin of each axis, then end of each axis.
    private static long[] Pads(OperatorCall c) =>
        c.Attributes.String("auto_pad", "NOTSET") is "NOTSET" or "VALID" ? c.Attributes.Ints("pads") ?? [0, 0, 0, 0]
        : throw new NotSupportedException($"{c.Node} has auto_pad; training needs explicit pads.");

    private static long[] Pair(OperatorCall c, string name) => c.Attributes.Ints(name) ?? [1, 1];
}
