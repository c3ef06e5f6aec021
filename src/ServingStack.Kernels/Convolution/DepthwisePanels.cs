using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Depthwise weights, bias and scale in the order the kernels read them: channel blocks one after the other, padded with zeros to whole
/// vectors. What the zero point contributes is taken off the bias.
/// </summary>
internal sealed class DepthwisePanels : IDisposable
{
    private readonly ConvolutionProblem _problem;
    private readonly NativeBuffer _weights;
    private readonly NativeBuffer _bias;
    private readonly NativeBuffer _scale;
    private readonly int _taps;

    public DepthwisePanels(ConvolutionProblem problem, GemmWeights weights)
    {
        _problem = problem;
        _taps = problem.KernelHeight * problem.KernelWidth;
        var quantized = problem.Input != DataType.Float32;
        BlockChannels = quantized
            ? DepthwiseBytesEmitter.BlockChannels
            : DepthwiseFloatsEmitter.MostVectors * DepthwiseFloatsEmitter.VectorChannels;
        Blocks = (problem.OutputChannels + BlockChannels - 1) / BlockChannels;
        BlockWeightBytes = quantized
            ? DepthwiseBytesEmitter.PaddedTaps(_taps) * BlockChannels
            : _taps * BlockChannels * sizeof(float);
        _weights = new NativeBuffer((long)Blocks * BlockWeightBytes);
        _bias = new NativeBuffer((long)Blocks * BlockChannels * sizeof(float));
        _scale = new NativeBuffer((long)Blocks * BlockChannels * sizeof(float));
        if (quantized) PackBytes(weights);
        else PackFloats(weights);
    }

    public int BlockChannels { get; }

    public int Blocks { get; }

    private int BlockWeightBytes { get; }

    public nint Weights(int block) => _weights.Address + ((nint)block * BlockWeightBytes);

    public nint Bias(int block) => _bias.Address + (block * BlockChannels * sizeof(float));

    public nint Scale(int block) => _scale.Address + (block * BlockChannels * sizeof(float));

    /// <summary>Channels of a block that exist.</summary>
    public int ChannelsOf(int block) => Math.Min(BlockChannels, _problem.OutputChannels - (block * BlockChannels));

    public void Dispose()
    {
        _weights.Dispose();
        _bias.Dispose();
        _scale.Dispose();
    }

    private void PackFloats(GemmWeights weights)
    {
        var source = MemoryMarshal.Cast<byte, float>(weights.B.Span);
        for (var block = 0; block < Blocks; block++)
        {
            var vectors = (ChannelsOf(block) + DepthwiseFloatsEmitter.VectorChannels - 1) / DepthwiseFloatsEmitter.VectorChannels;
            var packed = _weights.Span<float>((long)block * BlockWeightBytes, BlockWeightBytes / sizeof(float));
            for (var channel = 0; channel < ChannelsOf(block); channel++)
                for (var tap = 0; tap < _taps; tap++)
                    packed[(tap * vectors * DepthwiseFloatsEmitter.VectorChannels) + channel] =
                        source[(((block * BlockChannels) + channel) * _taps) + tap];
        }
        weights.Bias.Span.CopyTo(_bias.Span<float>());
    }

    private void PackBytes(GemmWeights weights)
    {
        var zeroPoint = weights.ZeroPointA + (_problem.Input == DataType.Int8 ? 128 : 0);
        for (var block = 0; block < Blocks; block++)
            for (var quarter = 0; quarter < 4; quarter++)
                for (var position = 0; position < 16; position++)
                {
                    var channel = (block * BlockChannels) + DepthwiseBytesEmitter.ChannelAt(quarter, position);
                    if (channel >= _problem.OutputChannels) continue;
                    PackChannel(weights, channel, block, (quarter * 16) + position, zeroPoint);
                }
    }

    private void PackChannel(GemmWeights weights, int channel, int block, int position, int zeroPoint)
    {
        var taps = MemoryMarshal.Cast<byte, sbyte>(weights.B.Span).Slice(channel * _taps, _taps);
        var packed = _weights.Span<sbyte>((long)block * BlockWeightBytes, BlockWeightBytes);
        var sum = 0;
        for (var tap = 0; tap < taps.Length; tap++)
        {
            var (group, lane) = Math.DivRem(tap, DepthwiseBytesEmitter.TapsTogether);
            packed[(((group * BlockChannels) + position) * DepthwiseBytesEmitter.TapsTogether) + lane] = taps[tap];
            sum += taps[tap];
        }
        var index = (block * BlockChannels) + position;
        _bias.Span<int>()[index] = (weights.IntegerBias.IsEmpty ? 0 : weights.IntegerBias.Span[channel]) - (zeroPoint * sum);
        _scale.Span<float>()[index] = weights.Scale.Span[channel];
    }
}
