namespace ServingStack.Kernels.Pooling;

/// <summary>A two-dimensional pooling on dense NHWC tensors (ONNX MaxPool, AveragePool). One-dimensional pooling has height 1.</summary>
public sealed record PoolProblem
{
    public required int Batch { get; init; }
    public required int Channels { get; init; }
    public required int InputHeight { get; init; }
    public required int InputWidth { get; init; }
    public required int KernelHeight { get; init; }
    public required int KernelWidth { get; init; }
    public int StrideY { get; init; } = 1;
    public int StrideX { get; init; } = 1;
    public int DilationY { get; init; } = 1;
    public int DilationX { get; init; } = 1;
    public int PadTop { get; init; }
    public int PadLeft { get; init; }
    public int PadBottom { get; init; }
    public int PadRight { get; init; }

    /// <summary>Output sizes are rounded up; a window still has to start inside the image or its leading padding.</summary>
    public bool CeilMode { get; init; }

    /// <summary>AveragePool: padding counts as zeros of the real number line in the mean.</summary>
    public bool CountIncludePad { get; init; }

    public int OutputHeight => Output(InputHeight, KernelHeight, StrideY, DilationY, PadTop, PadBottom);

    public int OutputWidth => Output(InputWidth, KernelWidth, StrideX, DilationX, PadLeft, PadRight);

    internal long InputCount => (long)Batch * InputHeight * InputWidth * Channels;

    internal long OutputCount => (long)Batch * OutputHeight * OutputWidth * Channels;

    /// <summary>The whole image as one window: ONNX GlobalAveragePool and GlobalMaxPool.</summary>
    public static PoolProblem Global(int batch, int height, int width, int channels) => new()
    {
        Batch = batch,
        Channels = channels,
        InputHeight = height,
        InputWidth = width,
        KernelHeight = height,
        KernelWidth = width,
    };

    /// <summary>The window of every output row.</summary>
    internal Window[] WindowsY() => [.. Enumerable.Range(0, OutputHeight)
        .Select(row => Window.Of(row, StrideY, DilationY, PadTop, PadBottom, KernelHeight, InputHeight))];

    /// <summary>The window of every output column.</summary>
    internal Window[] WindowsX() => [.. Enumerable.Range(0, OutputWidth)
        .Select(column => Window.Of(column, StrideX, DilationX, PadLeft, PadRight, KernelWidth, InputWidth))];

    private int Output(int input, int kernel, int stride, int dilation, int before, int after)
    {
        var span = input + before + after - (dilation * (kernel - 1)) - 1;
        if (span < 0)
        {
            throw new ArgumentException(
                $"A pooling window of {kernel} (dilation {dilation}) does not fit an input of {input} with padding {before} and {after}.");
        }

        if (!CeilMode) return (span / stride) + 1;
        var output = ((span + stride - 1) / stride) + 1;
        return (output - 1) * stride >= input + before ? output - 1 : output;
    }
}
