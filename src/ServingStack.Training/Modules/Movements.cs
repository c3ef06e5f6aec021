using TorchSharp;
using static TorchSharp.torch.nn;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training.Modules;

/// <summary>Operators that move numbers and change none, by the ONNX operator pages.</summary>
internal static class Movements
{
    /// <summary>Forward steps only, as libtorch has no others.</summary>
    public static Tensor Slice(OperatorCall c)
    {
        var (starts, ends) = (c.Int64s(1), c.Int64s(2));
        var axes = c.Node.Input(3) is null ? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)] : c.Int64s(3);
        var steps = c.Node.Input(4) is null ? null : c.Int64s(4);
        var x = c[0];
        for (var i = 0; i < starts.Length; i++)
        {
            var (step, extent) = (steps?[i] ?? 1, x.shape[axes[i] < 0 ? axes[i] + x.dim() : axes[i]]);
            if (step < 0) throw new NotSupportedException($"{c.Node} slices backwards, which cannot be trained through.");
            x = x.slice(axes[i], Clamp(starts[i], extent), Clamp(ends[i], extent), step);
        }
        return x;
    }

    /// <summary>By a constant number; ONNX gives all begins, then all ends, libtorch the last axis's pair first.</summary>
    public static Tensor Pad(OperatorCall c)
    {
        if (c.Attributes.String("mode", "constant") is var mode and not "constant")
            throw new NotSupportedException($"{c.Node} pads by {mode}; training knows constant padding only.");
        if (c.Node.Input(3) is not null) throw new NotSupportedException($"{c.Node} names the axes it pads; training needs all of them.");
        var pads = c.Int64s(1);
        var rank = pads.Length / 2;
        var pairs = Enumerable.Range(0, rank).Reverse().SelectMany(axis => (long[])[pads[axis], pads[axis + rank]]).ToArray();
        return functional.pad(c[0], pairs, PaddingModes.Constant, c.Scalar(2, 0));
    }

    public static Tensor Transpose(OperatorCall c) =>
        c[0].permute(c.Attributes.Ints("perm") ?? [.. Enumerable.Range(0, (int)c[0].dim()).Reverse().Select(i => (long)i)]);

    private static long Clamp(long index, long extent) => Math.Clamp(index < 0 ? index + extent : index, 0, extent);
}
