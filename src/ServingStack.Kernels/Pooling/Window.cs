namespace ServingStack.Kernels.Pooling;

/// <summary>
/// One axis of one pooling window: the first input position that is inside the image, how many taps are inside, and how many are inside
/// the image or its padding.
/// </summary>
internal readonly record struct Window(int Start, int Taps, int TapsWithPadding)
{
    public static Window Of(int output, int stride, int dilation, int padBefore, int padAfter, int kernel, int input)
    {
        var origin = (output * stride) - padBefore;
        var first = origin < 0 ? CeilDivide(-origin, dilation) : 0;
        var end = Math.Clamp(CeilDivide(input - origin, dilation), first, Math.Max(first, kernel));
        var padded = Math.Clamp(CeilDivide(input + padAfter - origin, dilation), 0, kernel);
        return new(origin + (first * dilation), end - first, padded);
    }

    private static int CeilDivide(int a, int b) => (a + b - 1) / b;
}
