using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The addresses of an image's tiles, for channels that fill cache lines: a tile is a run of output pixels on one line, and its pixels read
/// at a constant distance. For each block, for each 64 bytes of depth, one address a run.
/// </summary>
internal sealed class TileList : IPreparedInput
{
    // The time of a product does not fall further below nine rows.
    private const int ShortestRun = 8;

    private readonly ConvolutionProblem _problem;
    private readonly TapLayout _layout;
    private readonly nint _input;
    private readonly PaddedImage? _padded;
    private readonly NativeBuffer _addresses;

    public TileList(ConvolutionProblem problem, TapLayout layout, ConvolutionOperands operands, byte zeroPoint, RowBlocks blocks)
    {
        (_problem, _layout, _input) = (problem, layout, operands.Input);
        if (NeedsCopy(problem, operands)) _padded = new PaddedImage(problem, operands, zeroPoint);
        var runs = new TileBlock(blocks.BlockRows).RowTiles;
        var steps = layout.Taps * layout.TapBytes / TileBlock.StepBytes;
        _addresses = new NativeBuffer((long)blocks.Count * steps * runs * sizeof(long));
        Fill(blocks, runs, steps);
    }

    public nint Address => _addresses.Address;

    /// <summary>How output pixels are cut into blocks of such runs; null where a line cannot be cut into runs of one length.</summary>
    public static RowBlocks? Blocks(ConvolutionProblem problem, TapLayout layout, int rows)
    {
        if (problem.InputDepth > 1 || problem.KernelDepth > 1) return null;
        var wholeLines = (problem.InputChannels | layout.TapBytes) % TileBlock.StepBytes == 0;
        if (problem.Groups > 1 || !wholeLines) return null;
        var runsOfLine = (problem.OutputWidth + TileBlock.TileRows - 1) / TileBlock.TileRows;
        var run = problem.OutputWidth / runsOfLine;
        if (run * runsOfLine != problem.OutputWidth || run < ShortestRun) return null;
        return new RowBlocks(rows, 2 * run > TileBlock.TileRows && rows >= 2 * run ? 2 * run : run);
    }

    public void Refresh(int first, int end) => _padded?.Refresh(first, end);

    public void Dispose()
    {
        _addresses.Dispose();
        _padded?.Dispose();
    }

    private static bool NeedsCopy(ConvolutionProblem problem, ConvolutionOperands operands) =>
        problem.PadTop + problem.PadLeft + problem.PadBottom + problem.PadRight > 0 || operands.Input % TileBlock.StepBytes != 0;

    private void Fill(RowBlocks blocks, int runs, int steps)
    {
        var next = 0L;
        for (var block = 0; block < blocks.Count; block++)
            for (var step = 0; step < steps; step++)
            {
                var addresses = _addresses.Span<long>(next, runs);
                for (var run = 0; run < runs; run++)
                    addresses[run] = AddressOf(blocks.FirstRow(block) + (run * blocks.BlockRows / runs), step * TileBlock.StepBytes);
                next += runs * sizeof(long);
            }
    }

    private long AddressOf(int pixel, int depthByte)
    {
        var (tap, tapByte) = Math.DivRem(depthByte, _layout.TapBytes);
        var (line, x) = Math.DivRem(pixel, _problem.OutputWidth);
        var (image, y) = Math.DivRem(line, _problem.OutputHeight);
        var (ky, kx) = Math.DivRem(tap, _layout.TapsPerRow);
        var inputY = (y * _problem.StrideY) + (ky * _problem.DilationY);
        var inputX = (x * _problem.StrideX) + (kx * _problem.DilationX);
        if (_padded is { } padded) return padded.AddressOf(image, inputY, inputX) + tapByte;
        var inputPixel = (((((long)image * _problem.InputHeight) + inputY) * _problem.InputWidth) + inputX) * _problem.InputChannels;
        return _input + inputPixel + tapByte;
    }
}
