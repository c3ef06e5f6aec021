using System.Globalization;
using ServingStack.Graphs.ValueAware;

namespace ServingStack.Graphs.Passes;

/// <summary>
/// Layers with value-aware weights of up to four bits, whose activations may be quantized too, become <c>ValueAwareGemm</c> and, for
/// windows
/// of one pixel, <c>ValueAwareConv</c> of <see cref="Domains.Fused"/>: products with 4-bit weights and a list of large ones. Such a kernel
/// quantizes its rows to eight bits itself, which is finer than the codes. Other weights become floats here, and other calls their bodies.
/// </summary>
public sealed class RecognizeValueAware : IPass
{
    /// <summary>An attribute of layers whose weights became floats: why.</summary>
    public const string Reason = "dequantized";

    private const int MostBits = 4;
    private const int BlockStep = 16;
    private const int DeepestWithLarge = 65536;

    public string Name => nameof(RecognizeValueAware);

    public bool Apply(Graph graph)
    {
        var calls = graph.Nodes.Where(ValueAwareFunctions.IsWeights).ToArray();
        foreach (var call in calls)
            if (ValueAwareTensor.Of(call) is { } weights) Apply(graph, call, weights);
        var activations = graph.Nodes.Where(ValueAwareFunctions.IsActivations).ToArray();
        foreach (var call in activations)
            if (call.Outputs[0].Consumers.Count == 0 && !graph.IsOutput(call.Outputs[0])) graph.Remove(call);
            else if (BodyOf(graph, call) is { } body) FunctionInliner.Inline(graph, call, body);
        return calls.Length + activations.Length > 0;
    }

    private static Graph? BodyOf(Graph graph, Node call) =>
        graph.Functions.Find(f => f.Domain == call.Domain && f.Name == call.OpType && f.Body.Inputs.Count == call.Inputs.Count)?.Body;

    private static void Apply(Graph graph, Node call, ValueAwareTensor weights)
    {
        var (layer, turned) = LayerOf(graph, call);
        var reason = layer is null ? "no layer alone reads them" : Refusal(layer, turned, weights);
        if (reason is null) Replace(graph, layer!, weights);
        else
        {
            if (layer is not null)
                layer.Attributes[Reason] = string.Create(CultureInfo.InvariantCulture,
                    $"weights of {weights.BitsPerElement:0.00} bits as floats: {reason}");
            Dequantize(graph, call, weights, turned);
        }
    }

    /// <summary>The layer that reads the weights alone, and the transposition between them, if any.</summary>
    private static (Node? Layer, Node? Turned) LayerOf(Graph graph, Node call)
    {
        var reader = GraphEdits.OnlyConsumer(graph, call.Outputs[0]);
        var turned = reader is { OpType: "Transpose", Domain: "" } && (reader.Attributes.Ints("perm") ?? [1, 0]) is [1, 0] ? reader : null;
        return (turned is null ? reader : GraphEdits.OnlyConsumer(graph, turned.Outputs[0]), turned);
    }

    private static string? Refusal(Node layer, Node? turned, ValueAwareTensor weights)
    {
        if (layer.Domain.Length > 0 || layer.OpType is not ("Gemm" or "MatMul" or "Conv")) return $"{layer.OpType} is no layer";
        if (weights.Bits > MostBits) return $"the kernel takes {MostBits} bits";
        if (layer.Inputs[0]!.Producer is not { } before || !ValueAwareFunctions.IsActivations(before)) return "activations are not quantized";
        if (layer.Input(2) is { Constant: not { ElementType: ElementType.Float32, Rank: 1 } }) return "the bias is no constant row";
        var depth = weights.Codes.Length / weights.Dimensions[0];
        if (depth > DeepestWithLarge) return $"the depth is {depth}";
        if (weights.ScaleLength != depth && (depth % weights.ScaleLength != 0 || weights.ScaleLength % BlockStep != 0))
            return $"{weights.ScaleLength} weights share a scale";
        return layer.OpType switch
        {
            "Conv" => RefusalOfConvolution(layer, weights),
            "MatMul" => turned is null ? "the weights lie row by row" : null,
            _ => layer.Attributes.Int("transB", 0) == 0 || layer.Attributes.Int("transA", 0) != 0 ? "a matrix is transposed"
                : layer.Attributes.Float("alpha", 1) != 1 || layer.Attributes.Float("beta", 1) != 1 ? "the product is scaled" : null,
        };
    }

    private static string? RefusalOfConvolution(Node layer, ValueAwareTensor weights) =>
        weights.Dimensions.Skip(2).Any(d => d != 1) ? "the window is larger than a pixel"
        : layer.Attributes.Int("group", 1) != 1 ? "there are groups"
        : (layer.Attributes.Ints("strides") ?? []).Any(s => s != 1) ? "the window steps over pixels"
        : (layer.Attributes.Ints("pads") ?? []).Any(p => p != 0) ? "there are pads" : null;

    private static void Replace(Graph graph, Node layer, ValueAwareTensor weights)
    {
        var (n, depth) = (weights.Dimensions[0], weights.Codes.Length / weights.Dimensions[0]);
        var entries = weights.Large.Entries().ToArray();
        Value Constant(Tensor tensor) => graph.AddConstant(tensor);
        var fused = new Node(layer.OpType == "Conv" ? "ValueAwareConv" : "ValueAwareGemm",
            [
                layer.Inputs[0]!.Producer!.Inputs[0],
                Constant(Nibbles(weights, (int)n, (int)depth)),
                layer.Input(2),
                null,
                Constant(Tensor.From<float>(Array.ConvertAll(weights.Scales, s => (float)s), n, depth / weights.ScaleLength)),
                Constant(Tensor.From<long>([.. entries.Select(e => e.Place)], entries.Length)),
                Constant(Tensor.From<float>([.. entries.Select(e => (float)e.Value)], entries.Length)),
            ],
            [layer.Outputs[0]], layer.Name, Domains.Fused)
        {
            Attributes = new() { { "N", n }, { "K", depth }, { "block_size", (long)weights.ScaleLength } },
        };
        graph.InsertBefore(layer, fused);
        GraphEdits.RemoveWithUnusedInputs(graph, layer);
    }

    /// <summary>Two codes a byte, the first in the low half, 8 added; each run of a scale starts at a whole byte.</summary>
    private static Tensor Nibbles(ValueAwareTensor weights, int n, int depth)
    {
        var (run, runs) = (weights.ScaleLength, depth / weights.ScaleLength);
        var bytes = (run + 1) / 2;
        var packed = new byte[n * runs * bytes];
        for (var i = 0; i < weights.Codes.Length; i++)
            packed[(i / run * bytes) + (i % run / 2)] |= (byte)((weights.Codes[i] + 8) << (i % run % 2 * 4));
        return Tensor.From<byte>(packed, n, (long)runs * bytes);
    }

    private static void Dequantize(Graph graph, Node call, ValueAwareTensor weights, Node? turned)
    {
        var floats = Tensor.From<float>(weights.ToFloats(), weights.Dimensions);
        SetConstant(graph, call, floats);
        if (turned is not null && weights.Dimensions.Length == 2) SetConstant(graph, turned, Turned(floats));
    }

    private static Tensor Turned(Tensor matrix)
    {
        var (rows, columns, values) = ((int)matrix.Dimensions[0], (int)matrix.Dimensions[1], matrix.As<float>().ToArray());
        var turned = new float[values.Length];
        for (var i = 0; i < values.Length; i++) turned[(i % columns * rows) + (i / columns)] = values[i];
        return Tensor.From<float>(turned, columns, rows);
    }

    private static void SetConstant(Graph graph, Node node, Tensor tensor)
    {
        var output = node.Outputs[0];
        graph.Remove(node);
        (output.Constant, output.ElementType, output.Shape) = (tensor, tensor.ElementType, tensor.Shape);
    }
}
