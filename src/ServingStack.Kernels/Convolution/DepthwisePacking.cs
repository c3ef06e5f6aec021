using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Writes the constants of a depthwise convolution on bytes in the order of its kernels: weights by kernel row, piece, shift, quarter;
/// biases and scales by quarter. Strands repeat them.
/// </summary>
internal sealed class DepthwisePacking(ConvolutionProblem problem, GemmWeights weights)
{
    private const int QuarterLanes = 16;

    /// <param name="keys">For each block of channels, what its kernel is specialised on.</param>
    public LinePanels Pack(IReadOnlyList<DepthwiseKernelKey> keys)
    {
        var panels = new LinePanels(keys.Count, keys[0]);
        for (var block = 0; block < keys.Count; block++)
            for (var quarter = 0; quarter < DepthwiseKernelKey.Quarters; quarter++)
                for (var position = 0; position < QuarterLanes; position++)
                {
                    var channel = DepthwiseKernelKey.ChannelAt(quarter, position) % keys[block].StrandChannels;
                    if (channel >= keys[block].Channels) continue;
                    channel += block * DepthwiseKernelKey.VectorChannels;
                    PackWeights(panels.WeightSpan<byte>(block), keys[block], channel, quarter, position);
                    panels.BiasSpan(block)[(quarter * QuarterLanes) + position] = Bias(channel, keys[block]);
                    panels.ScaleSpan(block)[(quarter * QuarterLanes) + position] = weights.Scale.Span[channel];
                }
        return panels;
    }

    private static ReadOnlySpan<sbyte> Window(GemmWeights weights, DepthwiseKernelKey key, int channel) =>
        MemoryMarshal.Cast<byte, sbyte>(weights.B.Span).Slice(channel * key.Rows * key.KernelWidth, key.Rows * key.KernelWidth);

    private void PackWeights(Span<byte> packed, DepthwiseKernelKey key, int channel, int quarter, int position)
    {
        var window = Window(weights, key, channel);
        for (var row = 0; row < key.Rows; row++)
            for (var piece = 0; piece < key.Pieces; piece++)
                for (var shift = 0; shift < key.Shifts; shift++)
                    for (var tap = 0; tap < DepthwiseKernelKey.TapsTogether; tap++)
                    {
                        var column = key.KernelColumn(piece, tap, shift);
                        if (column < 0 || column >= key.KernelWidth) continue;
                        var vector = (row * key.RowVectors) + key.WeightVector(piece, shift, quarter);
                        packed[(((vector * QuarterLanes) + position) * DepthwiseKernelKey.TapsTogether) + tap] =
                            (byte)window[(row * key.KernelWidth) + column];
                    }
    }

    private int Bias(int channel, DepthwiseKernelKey key)
    {
        var sum = 0;
        foreach (var weight in Window(weights, key, channel)) sum += weight;
        var zeroPoint = weights.ZeroPointA + (problem.Input == DataType.Int8 ? 128 : 0);
        return (weights.IntegerBias.IsEmpty ? 0 : weights.IntegerBias.Span[channel]) - (zeroPoint * sum);
    }
}
