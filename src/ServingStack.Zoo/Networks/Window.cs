namespace ServingStack.Zoo.Networks;

/// <summary>A kernel's extents, its stride along both axes, and the padding before and after each axis.</summary>
internal readonly record struct Window(int Height, int Width, int Stride, int PadTop, int PadLeft, int PadBottom, int PadRight)
{
    /// <summary>A square kernel, padded by the same amount on all sides: half of it where nothing is said.</summary>
    public static Window Square(int kernel, int stride = 1, int? pad = null)
    {
        var p = pad ?? kernel / 2;
        return new(kernel, kernel, stride, p, p, p, p);
    }

    /// <summary>A kernel of stride 1 that keeps the map's extents.</summary>
    public static Window Same(int height, int width) => new(height, width, 1, height / 2, width / 2, height / 2, width / 2);

    /// <summary>A square kernel padded behind the last pixel only, which rounds the output's extents up.</summary>
    public static Window RoundedUp(int kernel, int stride, int behind = 1) => new(kernel, kernel, stride, 0, 0, behind, behind);

    public long[] Kernel => [Height, Width];

    public long[] Strides => [Stride, Stride];

    public long[] Pads => [PadTop, PadLeft, PadBottom, PadRight];
}
