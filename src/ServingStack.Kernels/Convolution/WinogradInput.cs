using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Convolution;

/// <summary>Brings input tiles to the points of a Winograd algorithm, 16 channels at a time; pixels outside the image are zero.</summary>
internal sealed unsafe class WinogradInput<TTransform>(WinogradTiles tiles, WinogradPlanes planes, nint input)
    where TTransform : struct, IWinogradTransform
{
    private const int VectorFloats = 16;

    private readonly ConvolutionProblem _problem = tiles.Problem;

    /// <summary>Transforms tiles [first, end) into rows 0 and on of <paramref name="target"/>.</summary>
    public void Run(int first, int end, float* target)
    {
        var scratch = stackalloc float[2 * tiles.Inputs * tiles.Inputs * VectorFloats];
        for (var tile = first; tile < end; tile++, target += planes.RowStep) RunTile(tile, scratch, target);
    }

    private void RunTile(int tile, float* scratch, float* target)
    {
        var (image, y, x) = tiles.At(tile);
        (y, x) = (y - _problem.PadTop, x - _problem.PadLeft);
        var inside = y >= 0 && x >= 0 && y + tiles.Inputs <= _problem.InputHeight && x + tiles.Inputs <= _problem.InputWidth;
        var channels = _problem.InputChannels;
        var line = _problem.InputWidth * channels;
        var source = (float*)input + (((long)image * _problem.InputHeight) + y) * line + ((long)x * channels);
        var patch = scratch + (tiles.Inputs * tiles.Inputs * VectorFloats);
        for (var channel = 0; channel < channels; channel += VectorFloats)
        {
            var count = Math.Min(VectorFloats, channels - channel);
            if (inside && count == VectorFloats) Transform(source + channel, channels, line, scratch, target + channel);
            else
            {
                Copy(source + channel, y, x, count, patch);
                Transform(patch, VectorFloats, VectorFloats * tiles.Inputs, scratch, target + channel);
            }
        }
    }

    private void Transform(float* source, nint pixelStep, nint lineStep, float* scratch, float* target)
    {
        var side = TTransform.Outputs + 2;
        for (var x = 0; x < side; x++)
            TTransform.ToPoints(source + (x * pixelStep), lineStep, scratch + (x * VectorFloats), side * VectorFloats);
        nint plane = planes.PlaneStep;
        for (var y = 0; y < side; y++)
            TTransform.ToPoints(scratch + (y * side * VectorFloats), VectorFloats, target + (y * side * plane), plane);
    }

    // A tile that reaches over the border, or whose last channels do not fill a vector.
    private void Copy(float* source, int y, int x, int channels, float* patch)
    {
        var side = tiles.Inputs;
        new Span<float>(patch, side * side * VectorFloats).Clear();
        var (firstX, endX) = (Math.Max(-x, 0), Math.Min(side, _problem.InputWidth - x));
        var (firstY, endY) = (Math.Max(-y, 0), Math.Min(side, _problem.InputHeight - y));
        for (var row = firstY; row < endY; row++)
            for (var column = firstX; column < endX; column++)
            {
                var pixel = source + ((((long)row * _problem.InputWidth) + column) * _problem.InputChannels);
                Lanes.Load(pixel, channels).Store(patch + (((row * side) + column) * VectorFloats));
            }
    }
}
