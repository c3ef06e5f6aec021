using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A copy of the images with zero points around, as far as a window reaches, so that pixels which are neighbours in a line of output
/// read at a constant distance, at the border too. It begins at a cache line.
/// </summary>
internal sealed unsafe class PaddedImage : IDisposable
{
    private readonly ConvolutionProblem _problem;
    private readonly nint _input;
    private readonly NativeBuffer _memory;
    private readonly int _pixelBytes;
    private readonly int _lineBytes;
    private readonly int _height;
    private readonly int _copiedPixels;

    public PaddedImage(ConvolutionProblem problem, ConvolutionOperands operands, byte zeroPoint)
    {
        (_problem, _input) = (problem, operands.Input);
        _pixelBytes = problem.InputChannels * problem.Input.Size();
        var width = ((problem.OutputWidth - 1) * problem.StrideX) + ((problem.KernelWidth - 1) * problem.DilationX) + 1;
        _height = ((problem.OutputHeight - 1) * problem.StrideY) + ((problem.KernelHeight - 1) * problem.DilationY) + 1;
        _lineBytes = checked(width * _pixelBytes);
        _copiedPixels = Math.Max(0, Math.Min(problem.InputWidth, width - problem.PadLeft));
        _memory = new NativeBuffer((long)operands.Batch * _height * _lineBytes);
        new Span<byte>((void*)_memory.Address, checked((int)_memory.ByteLength)).Fill(zeroPoint);
    }

    /// <summary>Of a pixel, counted from the corner of the padding.</summary>
    public nint AddressOf(int image, int y, int x) =>
        _memory.Address + (nint)((((long)image * _height) + y) * _lineBytes) + (x * _pixelBytes);

    /// <summary>Copies what output pixels [first, end) read.</summary>
    public void Refresh(int first, int end)
    {
        var pixels = _problem.OutputHeight * _problem.OutputWidth;
        for (var image = first / pixels; image <= (end - 1) / pixels; image++)
        {
            var firstY = Math.Max(first - (image * pixels), 0) / _problem.OutputWidth;
            var lastY = (Math.Min(end - (image * pixels), pixels) - 1) / _problem.OutputWidth;
            var top = Math.Max(firstY * _problem.StrideY, _problem.PadTop);
            var bottom = (lastY * _problem.StrideY) + (_problem.DilationY * (_problem.KernelHeight - 1));
            for (var y = top; y <= Math.Min(bottom, _problem.PadTop + _problem.InputHeight - 1); y++) Copy(image, y);
        }
    }

    public void Dispose() => _memory.Dispose();

    private void Copy(int image, int y)
    {
        var line = _input + (nint)((((long)image * _problem.InputHeight) + y - _problem.PadTop) * _problem.InputWidth * _pixelBytes);
        var bytes = _copiedPixels * _pixelBytes;
        new ReadOnlySpan<byte>((void*)line, bytes).CopyTo(new Span<byte>((void*)AddressOf(image, y, _problem.PadLeft), bytes));
    }
}
