using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Reads what lies under a convolution's window, channel by channel as its weights lie; images of two spatial axes, zeros beyond the edge.
/// </summary>
internal sealed class PatchWindow
{
    private readonly int _channels;
    private readonly int _height;
    private readonly int _width;
    private readonly int _columns;
    private readonly int _groupChannels;
    private readonly long[] _kernel;
    private readonly long[] _strides;
    private readonly long[] _dilations;
    private readonly long[] _pads;

    public PatchWindow(Node layer, Tensor x)
    {
        if (x.Rank != 4) throw new NotSupportedException($"{layer} reads a tensor of rank {x.Rank}; learned rounding knows convolutions of images only.");
        (_channels, _height, _width) = ((int)x.Dimensions[1], (int)x.Dimensions[2], (int)x.Dimensions[3]);
        var weights = layer.Inputs[1]!.Constant!.Dimensions;
        (_groupChannels, _kernel) = ((int)weights[1], weights[2..]);
        _strides = layer.Attributes.Ints("strides") ?? [1, 1];
        _dilations = layer.Attributes.Ints("dilations") ?? [1, 1];
        // Automatic pads differ from these at the edge at most.
        _pads = layer.Attributes.Ints("pads") ?? [.. _kernel.Concat(_kernel).Select(k => layer.Attributes.Contains("auto_pad") ? k / 2 : 0)];
        _columns = Extent(_width, 1);
        Places = Extent(_height, 0) * _columns;
    }

    /// <summary>Places of the window in an image.</summary>
    public int Places { get; }

    public void Read(ReadOnlySpan<float> images, int image, int place, int group, Span<float> patch)
    {
        var (top, left) = ((place / _columns * _strides[0]) - _pads[0], (place % _columns * _strides[1]) - _pads[1]);
        var at = 0;
        for (var c = 0; c < _groupChannels; c++)
            for (var ky = 0; ky < _kernel[0]; ky++)
                for (var kx = 0; kx < _kernel[1]; kx++)
                {
                    var (y, x) = (top + (ky * _dilations[0]), left + (kx * _dilations[1]));
                    var inside = y >= 0 && y < _height && x >= 0 && x < _width;
                    var plane = ((long)image * _channels) + (group * _groupChannels) + c;
                    patch[at++] = inside ? images[(int)((((plane * _height) + y) * _width) + x)] : 0;
                }
    }

    private int Extent(int input, int axis) => Math.Max(1,
        (int)((input + _pads[axis] + _pads[axis + 2] - (_dilations[axis] * (_kernel[axis] - 1)) - 1) / _strides[axis]) + 1);
}
