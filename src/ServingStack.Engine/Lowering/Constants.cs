using ServingStack.Graphs;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Lowering;

/// <summary>Constants that kernels read as data, copied into native memory in the layout that is asked for.</summary>
internal static class Constants
{
    public sealed record Key(Tensor Tensor, int Rank, Layout Layout);

    /// <summary>A copy of a tensor seen with leading axes of extent 1 up to <paramref name="rank"/>.</summary>
    public static NativeBuffer Copy(Tensor tensor, int rank, Layout layout)
    {
        if (tensor.ElementType == ElementType.String) throw new LoweringException("A constant of strings has no place in native memory.");
        var buffer = new NativeBuffer(tensor.Bytes.Length);
        if (layout == Layout.Plain) tensor.Bytes.Span.CopyTo(buffer.Bytes);
        else Permute(tensor, Broadcasting.Stretch(tensor.Dimensions, rank), layout.Order(rank)).CopyTo(buffer.Bytes);
        return buffer;
    }

    /// <summary>The bytes of a tensor with its axes in another order. Slow and simple: runs once a model.</summary>
    public static byte[] Permute(Tensor tensor, long[] shape, int[] order)
    {
        if (tensor.ElementType.BitsOf() < 8) throw new LoweringException($"A constant of {tensor.ElementType} cannot be reordered.");
        var size = tensor.ElementType.BitsOf() / 8;
        var source = tensor.Bytes.Span;
        var result = new byte[source.Length];
        var strides = StridesOf(shape);
        var index = new long[order.Length];
        for (var to = 0; to < result.Length; to += size)
        {
            long from = 0;
            for (var axis = 0; axis < order.Length; axis++) from += index[axis] * strides[order[axis]];
            source.Slice((int)from * size, size).CopyTo(result.AsSpan(to));
            for (var axis = order.Length - 1; axis >= 0 && ++index[axis] == shape[order[axis]]; axis--) index[axis] = 0;
        }
        return result;
    }

    private static long[] StridesOf(long[] extents)
    {
        var strides = new long[extents.Length];
        long stride = 1;
        for (var axis = extents.Length - 1; axis >= 0; axis--) (strides[axis], stride) = (stride, stride * extents[axis]);
        return strides;
    }
}
