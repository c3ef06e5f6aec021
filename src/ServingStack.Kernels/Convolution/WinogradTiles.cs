namespace ServingStack.Kernels.Convolution;

/// <summary>How a convolution's output is cut into Winograd tiles, and the images of a batch into one row of tiles.</summary>
internal sealed record WinogradTiles(ConvolutionProblem Problem, int Outputs, int Batch)
{
    public int PerLine { get; } = (Problem.OutputWidth + Outputs - 1) / Outputs;

    public int Lines { get; } = (Problem.OutputHeight + Outputs - 1) / Outputs;

    /// <summary>Tiles of all images.</summary>
    public int Count => Batch * Lines * PerLine;

    /// <summary>Inputs of a tile along one axis.</summary>
    public int Inputs => Outputs + 2;

    /// <summary>The image and the first output pixel of a tile.</summary>
    public (int Image, int Y, int X) At(int tile)
    {
        var (line, x) = Math.DivRem(tile, PerLine);
        var (image, y) = Math.DivRem(line, Lines);
        return (image, y * Outputs, x * Outputs);
    }
}
