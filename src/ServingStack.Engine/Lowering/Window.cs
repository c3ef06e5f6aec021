namespace ServingStack.Engine.Lowering;

/// <summary>
/// How a convolution or pooling window moves over an image, from the attributes of ONNX Conv, MaxPool and AveragePool. Sequences (one
/// spatial axis) are images of height 1, images are videos of depth 1.
/// </summary>
internal sealed record Window(int Batch, int Channels, int Height, int Width, int KernelY, int KernelX)
{
    public int Depth { get; private init; } = 1;
    public int KernelZ { get; private init; } = 1;
    public int StrideZ { get; private init; } = 1;
    public int StrideY { get; private init; } = 1;
    public int StrideX { get; private init; } = 1;
    public int DilationZ { get; private init; } = 1;
    public int DilationY { get; private init; } = 1;
    public int DilationX { get; private init; } = 1;
    public int PadFront { get; private init; }
    public int PadTop { get; private init; }
    public int PadLeft { get; private init; }
    public int PadBack { get; private init; }
    public int PadBottom { get; private init; }
    public int PadRight { get; private init; }

    /// <summary>The window of a node whose input 0 has rank 3 to 5; <paramref name="kernel"/> has one extent per spatial axis.</summary>
    public static Window Of(PlanNode node, long[] kernel)
    {
        var shape = node.X.Shape;
        var input = shape[2..];
        var strides = node.Attributes.Ints("strides") ?? Ones(kernel.Length);
        var dilations = node.Attributes.Ints("dilations") ?? Ones(kernel.Length);
        var pads = PadsOf(node, input, kernel, strides, dilations);
        var x = kernel.Length - 1;
        var (z, y) = (x - 2, x - 1);
        int At(long[] values, int axis, int otherwise) => axis < 0 ? otherwise : checked((int)values[axis]);
        int EndOf(int axis) => axis < 0 ? 0 : checked((int)pads[kernel.Length + axis]);
        return new Window(checked((int)shape[0]), checked((int)shape[1]), At(input, y, 1), At(input, x, 1), At(kernel, y, 1), At(kernel, x, 1))
        {
            Depth = At(input, z, 1),
            KernelZ = At(kernel, z, 1),
            StrideZ = At(strides, z, 1),
            StrideY = At(strides, y, 1),
            StrideX = At(strides, x, 1),
            DilationZ = At(dilations, z, 1),
            DilationY = At(dilations, y, 1),
            DilationX = At(dilations, x, 1),
            PadFront = At(pads, z, 0),
            PadTop = At(pads, y, 0),
            PadLeft = At(pads, x, 0),
            PadBack = EndOf(z),
            PadBottom = EndOf(y),
            PadRight = EndOf(x),
        };
    }

    /// <summary>Begins, then ends, one for each spatial axis.</summary>
    private static long[] PadsOf(PlanNode node, long[] input, long[] kernel, long[] strides, long[] dilations)
    {
        var mode = node.Attributes.String("auto_pad", "NOTSET");
        if (mode is "NOTSET" or "VALID") return (mode == "NOTSET" ? node.Attributes.Ints("pads") : null) ?? new long[2 * kernel.Length];
        var pads = new long[2 * kernel.Length];
        for (var axis = 0; axis < kernel.Length; axis++)
        {
            var steps = (input[axis] + strides[axis] - 1) / strides[axis];
            var total = Math.Max(0, ((steps - 1) * strides[axis]) + (dilations[axis] * (kernel[axis] - 1)) + 1 - input[axis]);
            var less = total / 2;
            pads[axis] = mode == "SAME_UPPER" ? less : total - less;
            pads[kernel.Length + axis] = total - pads[axis];
        }
        return pads;
    }

    private static long[] Ones(int count) => [.. Enumerable.Repeat(1L, count)];
}
