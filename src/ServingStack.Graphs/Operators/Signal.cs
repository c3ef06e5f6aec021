using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX DFT and STFT; the last axis holds the real and the imaginary part.</summary>
internal static class Signal
{
    public static void InferDft(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { } x || (c.Has(2) && c.NumbersOf(2) is null))
        {
            c.Set(0, c.TypeOf(0), null);
            return;
        }
        var axis = c.Axis(c.NumbersOf(2) is [var named] ? named : -2, x.Rank);
        var length = c.Has(1) ? c.IntegersOf(1) is [var given] ? given.ToDimension() : Dimension.Unknown : x[axis];
        var (oneSided, inverse) = (c.Attributes.Int("onesided", 0) != 0, c.Attributes.Int("inverse", 0) != 0);
        if (oneSided) length = inverse ? c.Has(1) ? length : length.Map(n => (n - 1) * 2) : length.Map(n => (n / 2) + 1);
        c.Set(0, c.TypeOf(0), x.With(axis, length).With(x.Rank - 1, oneSided && inverse ? 1 : 2));
    }

    public static void InferStft(InferenceContext c)
    {
        if (c.ShapeOf(0) is not { Rank: >= 2 } x)
        {
            c.Set(0, c.TypeOf(0), null);
            return;
        }
        var frame = c.Has(3) ? c.NumbersOf(3) is [var given] ? given : Dimension.Unknown
            : c.ShapeOf(2) is [var window] ? window : Dimension.Unknown;
        var bins = c.Attributes.Int("onesided", 1) != 0 ? frame.Map(n => (n / 2) + 1) : frame;
        var frames = c.NumbersOf(1) is [> 0 and var step] && frame.IsFixed ? x[1].Map(n => ((n - frame.Value) / step) + 1)
            : Dimension.Unknown;
        c.Set(0, c.TypeOf(0), new Shape(x[0], frames, bins, 2));
    }
}
