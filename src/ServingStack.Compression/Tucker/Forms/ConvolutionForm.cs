using MathNet.Numerics.LinearAlgebra;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Forms;

/// <summary>
/// Convolution of any number of axes, groups, strides, dilations: 1x1 to the inputs' rank, the kernel between ranks with all of the node's
/// attributes, 1x1 to the outputs with the bias. The first stage has no bias, so padding behind it still pads with zeros.
/// </summary>
internal sealed class ConvolutionForm : ILayerForm
{
    public string? Refusal(Node node)
    {
        if (node.Input(1)?.Constant is not { ElementType: ElementType.Float32 } weights)
            return "its weights are no Float32 constant: fold what computes them, or export the model with its weights inside";
        return node.Input(2) is { Constant: null } ? "its bias is no constant"
            : weights.Dimensions[1] == 1 && Groups(node) > 1 ? "it is depthwise: every group has one input, so no mode can shrink"
            : weights.Dimensions[0] / Groups(node) == 1 ? "its groups have one output each, so no mode can shrink"
            : null;
    }

    public KernelTensor[] Read(Node node)
    {
        var weights = node.Inputs[1]!.Constant!;
        var groups = Groups(node);
        var (outputs, inputs) = ((int)weights.Dimensions[0] / groups, (int)weights.Dimensions[1]);
        var values = Array.ConvertAll(weights.As<float>().ToArray(), v => (double)v);
        var size = values.Length / groups;
        return [.. Enumerable.Range(0, groups)
            .Select(g => new KernelTensor(outputs, inputs, size / (outputs * inputs), values[(g * size)..((g + 1) * size)]))];
    }

    public (long Inputs, long Outputs) Positions(Node node, long[] inputShape, long[] outputShape) =>
        (Extent(inputShape.AsSpan(2)), Extent(outputShape.AsSpan(2)));

    public void Write(Graph graph, Node node, IReadOnlyList<TuckerDecomposition> parts)
    {
        var stem = Chain.NameOf(node);
        var groups = (long)parts.Count;
        var kernel = node.Inputs[1]!.Constant!.Dimensions[2..];
        var point = Array.ConvertAll(kernel, _ => 1L);
        var core = parts[0].Core;
        var x = node.Inputs[0]!;
        if (parts[0].InputFactor is { } first)
            x = Stage(graph, node, $"{stem}.in", Point(groups), x,
                Tensor.From<float>(Stack(parts, p => p.InputFactor!.Transpose()), [groups * core.Inputs, first.RowCount, .. point]));
        var weights = Tensor.From<float>(Floats(parts.SelectMany(p => p.Core.Values)), [groups * core.Outputs, core.Inputs, .. kernel]);
        x = Stage(graph, node, $"{stem}.core", Chain.AttributesOf(node), x, weights);
        var last = Tensor.From<float>(Stack(parts, p => p.OutputFactor),
            [groups * parts[0].OutputFactor.RowCount, core.Outputs, .. point]);
        var inputs = Chain.Inputs(graph, x, last, $"{stem}.out.weight", Chain.Bias(graph, node, parts));
        Chain.Replace(graph, node, new Node("Conv", inputs, [], $"{stem}.out") { Attributes = Point(groups) });

        AttributeMap Point(long group) => new() { { "kernel_shape", point }, { "group", group } };
    }

    private static Value Stage(Graph graph, Node anchor, string name, AttributeMap attributes, Value x, Tensor weights)
    {
        var output = new Value(graph.FreshName(name)) { ElementType = ElementType.Float32 };
        var inputs = Chain.Inputs(graph, x, weights, $"{name}.weight", null);
        graph.InsertBefore(anchor, new Node("Conv", inputs, [output], name) { Attributes = attributes });
        return output;
    }

    private static int Groups(Node node) => (int)node.Attributes.Int("group", 1);

    private static long Extent(ReadOnlySpan<long> extents)
    {
        long product = 1;
        foreach (var extent in extents) product *= extent;
        return product;
    }

    private static float[] Stack(IEnumerable<TuckerDecomposition> parts, Func<TuckerDecomposition, Matrix<double>> factor) =>
        Floats(parts.SelectMany(p => factor(p).ToRowMajorArray()));

    private static float[] Floats(IEnumerable<double> values) => [.. values.Select(v => (float)v)];
}
