using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Padded copies of those kernel rows that cross the left or right border of the image: one for each input row and each output column at
/// the
/// border. They are a small part of the image, and are copied at each run; the padding in them is written once.
/// </summary>
internal sealed unsafe class BorderStrips : IDisposable
{
    private readonly record struct Strip(int SourcePixel, int TargetPixel, int Pixels);

    private readonly ConvolutionProblem _problem;
    private readonly nint _input;
    private readonly Strip[] _strips;
    private readonly int[] _stripOfColumn;
    private readonly int _pixelBytes;
    private readonly int _stripBytes;
    private readonly NativeBuffer _memory;

    public BorderStrips(ConvolutionProblem problem, TapLayout layout, ConvolutionOperands operands, byte zeroPoint)
    {
        (_problem, _input) = (problem, operands.Input);
        _pixelBytes = problem.InputChannels * problem.Input.Size();
        _stripBytes = layout.TapBytes;
        _stripOfColumn = new int[problem.OutputWidth];
        var strips = new List<Strip>();
        for (var x = 0; x < problem.OutputWidth; x++)
        {
            _stripOfColumn[x] = strips.Count;
            if (CrossesBorder(problem, layout, x)) strips.Add(StripAt(x));
        }
        _strips = [.. strips];
        _memory = new NativeBuffer((long)operands.Batch * problem.InputDepth * problem.InputHeight * _strips.Length * _stripBytes);
        if (problem.Input != DataType.Float32) new Span<byte>((void*)_memory.Address, checked((int)_memory.ByteLength)).Fill(zeroPoint);
    }

    public static bool AreNeeded(ConvolutionProblem problem, TapLayout layout) =>
        CrossesBorder(problem, layout, 0) || CrossesBorder(problem, layout, problem.OutputWidth - 1);

    public nint AddressOf(long inputLine, int outputX) => AddressAt(inputLine, _stripOfColumn[outputX]);

    /// <summary>Copies what output pixels [first, end) read.</summary>
    public void Refresh(int first, int end)
    {
        var (firstLine, lastLine) = (first / _problem.OutputWidth, (end - 1) / _problem.OutputWidth);
        for (var plane = firstLine / _problem.OutputHeight; plane <= lastLine / _problem.OutputHeight; plane++)
        {
            var firstY = Math.Max(firstLine - (plane * _problem.OutputHeight), 0);
            var lastY = Math.Min(lastLine - (plane * _problem.OutputHeight), _problem.OutputHeight - 1);
            for (var kernelZ = 0; kernelZ < _problem.KernelDepth; kernelZ++) Refresh(plane, kernelZ, firstY, lastY);
        }
    }

    public void Dispose() => _memory.Dispose();

    private static bool CrossesBorder(ConvolutionProblem problem, TapLayout layout, int outputX) =>
        !layout.FitsLine((outputX * problem.StrideX) - problem.PadLeft);

    private Strip StripAt(int outputX)
    {
        var left = (outputX * _problem.StrideX) - _problem.PadLeft;
        var first = Math.Max(left, 0);
        var end = Math.Min(left + _problem.KernelWidth, _problem.InputWidth);
        return new Strip(first, first - left, Math.Max(end - first, 0));
    }

    // All lines that lie between the top of the first window and the bottom of the last.
    private void Refresh(int outputPlane, int kernelZ, int firstY, int lastY)
    {
        var (image, outputZ) = Math.DivRem(outputPlane, _problem.OutputDepth);
        var z = (outputZ * _problem.StrideZ) - _problem.PadFront + (kernelZ * _problem.DilationZ);
        if (z < 0 || z >= _problem.InputDepth) return;
        var top = Math.Max((firstY * _problem.StrideY) - _problem.PadTop, 0);
        var bottom = (lastY * _problem.StrideY) - _problem.PadTop + (_problem.DilationY * (_problem.KernelHeight - 1));
        var firstLine = (((long)image * _problem.InputDepth) + z) * _problem.InputHeight;
        for (var y = top; y <= Math.Min(bottom, _problem.InputHeight - 1); y++) Copy(firstLine + y);
    }

    private nint AddressAt(long inputLine, int strip) => _memory.Address + (nint)(((inputLine * _strips.Length) + strip) * _stripBytes);

    private void Copy(long inputLine)
    {
        var line = (byte*)_input + (inputLine * _problem.InputWidth * _pixelBytes);
        for (var i = 0; i < _strips.Length; i++)
        {
            var strip = _strips[i];
            var target = (byte*)AddressAt(inputLine, i) + (strip.TargetPixel * _pixelBytes);
            new ReadOnlySpan<byte>(line + (strip.SourcePixel * _pixelBytes), strip.Pixels * _pixelBytes)
                .CopyTo(new Span<byte>(target, strip.Pixels * _pixelBytes));
        }
    }
}
