using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Writes a grouped convolution's constants in the order of its kernels: weights by kernel row, factor, kernel column; biases where the
/// partial sums of an output have their first unit; scales in the order that the sums end in.
/// </summary>
internal sealed class GroupedPacking(ConvolutionProblem problem, GroupedLayout layout, GemmWeights weights)
{
    private readonly int _kernelPixels = problem.KernelPixels;
    private readonly int _groupInputs = problem.InputChannels / problem.Groups;

    /// <param name="key">What any block's kernel is specialised on.</param>
    public LinePanels Pack(GroupedKernelKey key)
    {
        var panels = new LinePanels(layout.Blocks, key);
        for (var block = 0; block < layout.Blocks; block++)
            for (var factor = 0; factor < layout.Factors; factor++)
                for (var position = 0; position < GroupedLayout.VectorOutputs; position++)
                    PackPosition(panels, block, factor, position);
        return panels;
    }

    private void PackPosition(LinePanels panels, int block, int factor, int position)
    {
        var (output, unit) = layout.At(factor, position);
        if (output >= layout.Outputs(block)) return;
        var channel = layout.FirstOutput(block) + output;
        for (var pixel = 0; pixel < _kernelPixels; pixel++)
        {
            var (row, column) = Math.DivRem(pixel, problem.KernelWidth);
            var vector = (((row * layout.Factors) + factor) * problem.KernelWidth) + column;
            var target = ((vector * GroupedLayout.VectorOutputs) + position) * layout.UnitElements;
            for (var i = 0; i < layout.UnitElements; i++)
            {
                var source = (((channel * _groupInputs) + (unit * layout.UnitElements) + i) * _kernelPixels) + pixel;
                if (problem.Input == DataType.Float32)
                    panels.WeightSpan<float>(block)[target + i] = MemoryMarshal.Cast<byte, float>(weights.B.Span)[source];
                else panels.WeightSpan<byte>(block)[target + i] = weights.B.Span[source];
            }
        }
        if (unit == 0) PackBias(panels.BiasSpan(block), channel, (layout.Sums > 1 ? factor * GroupedLayout.VectorOutputs : 0) + position);
        if (problem.Input != DataType.Float32 && factor == 0 && unit == 0) PackScale(panels, block);
    }

    private void PackBias(Span<int> bias, int channel, int target)
    {
        if (problem.Input == DataType.Float32)
        {
            if (!weights.Bias.IsEmpty) bias[target] = BitConverter.SingleToInt32Bits(weights.Bias.Span[channel]);
            return;
        }
        var count = _groupInputs * _kernelPixels;
        var sum = 0;
        foreach (var weight in MemoryMarshal.Cast<byte, sbyte>(weights.B.Span).Slice(channel * count, count)) sum += weight;
        var zeroPoint = weights.ZeroPointA + (problem.Input == DataType.Int8 ? 128 : 0);
        bias[target] = (weights.IntegerBias.IsEmpty ? 0 : weights.IntegerBias.Span[channel]) - (zeroPoint * sum);
    }

    private void PackScale(LinePanels panels, int block)
    {
        for (var position = 0; position < GroupedLayout.VectorOutputs; position++)
        {
            var output = layout.Scheme == GroupedScheme.Lanes ? GroupedLayout.LaneOutputAt(layout.Factors, position) : position;
            if (output < layout.Outputs(block))
                panels.ScaleSpan(block)[position] = weights.Scale.Span[layout.FirstOutput(block) + output];
        }
    }
}
