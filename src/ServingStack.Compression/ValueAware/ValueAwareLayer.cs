using ServingStack.Compression.Quantization;
using ServingStack.Graphs;
using ServingStack.Graphs.ValueAware;

namespace ServingStack.Compression.ValueAware;

/// <summary>One layer on its way to a few bits.</summary>
internal sealed class ValueAwareLayer(Node node, int bits)
{
    public Node Node => node;

    public string Output { get; } = node.Outputs[0].Name;

    public int Bits => bits;

    public WeightMatrix Matrix { get; } = new(node.Inputs[1]!.Constant!, QuantizableOperators.ChannelAxis(node)!.Value);

    public ValueAwareTensor Weights { get; set; } = null!;

    public ActivationCodes? Activations { get; set; }

    /// <summary>Of a Gemm or Conv; zeros where the node has none.</summary>
    public float[] Bias { get; private set; } =
        node.Input(2)?.Constant?.As<float>().ToArray() ?? new float[(int)node.Inputs[1]!.Constant!.Dimensions[
            QuantizableOperators.ChannelAxis(node)!.Value]];

    public bool TakesBias => node.OpType != "MatMul" && Bias.Length == Matrix.Channels;

    /// <summary>The weights as the node itself would read them.</summary>
    public Tensor Floats()
    {
        var (rows, floats) = (Weights.ToFloats(), new float[Matrix.Weights.ElementCount]);
        for (var n = 0; n < Matrix.Channels; n++)
            for (var k = 0; k < Matrix.Depth; k++) floats[Matrix.IndexOf(n, k)] = rows[(n * Matrix.Depth) + k];
        return Tensor.From<float>(floats, Matrix.Weights.Dimensions);
    }

    /// <summary>Makes each channel's output have the mean and deviation that it had in floats.</summary>
    public void Recalibrate(ChannelStatistics exact, ChannelStatistics found)
    {
        if (!TakesBias) return;
        var (runs, scales) = (Weights.Scales.Length / Matrix.Channels, Weights.Scales.ToArray());
        var factors = exact.Deviation.Zip(found.Deviation, (e, f) => f > 0 ? Math.Clamp(e / f, 0.5, 2) : 1).ToArray();
        for (var i = 0; i < scales.Length; i++) scales[i] = (Half)((float)scales[i] * factors[i / runs]);
        var large = Weights.Large.Entries().Select(e => (e.Place, (Half)((float)e.Value * factors[e.Place / Matrix.Depth]))).ToArray();
        Weights = Weights with { Scales = scales, Large = LargeValues.Of(large) };
        for (var n = 0; n < Bias.Length; n++) Bias[n] = (float)(exact.Mean[n] - (factors[n] * (found.Mean[n] - Bias[n])));
    }
}
