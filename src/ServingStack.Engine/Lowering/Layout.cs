namespace ServingStack.Engine.Lowering;

/// <summary>In which order the axes of a tensor lie in memory, outermost first.</summary>
internal enum Layout
{
    /// <summary>As ONNX writes them.</summary>
    Plain,

    /// <summary>Axis 1, the channels, moved to the end: NHWC for images, NWC for sequences. For tensors of rank 3 or more.</summary>
    ChannelsLast,
}

/// <summary>Translates between axes as ONNX counts them and as they lie in memory.</summary>
internal static class Layouts
{
    /// <summary>The logical axis at each position in memory.</summary>
    public static int[] Order(this Layout layout, int rank) => layout == Layout.Plain || rank < 3
        ? [.. Enumerable.Range(0, rank)]
        : [0, .. Enumerable.Range(2, rank - 2), 1];

    /// <summary>The extents in the order of memory.</summary>
    public static long[] Extents(this Layout layout, long[] shape) => Array.ConvertAll(layout.Order(shape.Length), axis => shape[axis]);

    /// <summary>Where a logical axis lies in memory.</summary>
    public static int PositionOf(this Layout layout, int axis, int rank) => Array.IndexOf(layout.Order(rank), axis);

    /// <summary>Whether both layouts of this shape are the same bytes, so that changing between them is free.</summary>
    public static bool AreSame(long[] shape) =>
        shape.Length < 3 || shape[1] == 1 || shape.Skip(2).All(extent => extent == 1) || shape.Contains(0);
}
