using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The addresses a line kernel reads: for each output line, for each column of the padded input, one address a kernel row. A
/// pixel's window is a run of columns, so neighbouring pixels share entries, and the table stays smaller than one address a tap.
/// Pixels outside the image point at zero points.
/// </summary>
internal sealed class LineTable : IDisposable
{
    private readonly NativeBuffer _addresses;
    private readonly NativeBuffer _zeroPixel;
    private readonly ConvolutionProblem _problem;
    private readonly nint _input;

    public LineTable(ConvolutionProblem problem, ConvolutionOperands operands, int zeroPoint)
    {
        (_problem, _input) = (problem, operands.Input);
        _zeroPixel = new NativeBuffer(problem.InputChannels * problem.Input.Size());
        if (problem.Input != DataType.Float32) _zeroPixel.Bytes.Fill((byte)zeroPoint);
        Columns = ((problem.OutputWidth - 1) * problem.StrideX) + (problem.DilationX * (problem.KernelWidth - 1)) + 1;
        _addresses = new NativeBuffer((long)operands.Batch * problem.OutputLines * LineBytes);
        for (var line = 0; line < operands.Batch * problem.OutputLines; line++) Fill(line);
    }

    /// <summary>Columns of the padded input that the windows of one line touch.</summary>
    public int Columns { get; }

    /// <summary>Kernel rows: addresses of one column.</summary>
    public int Rows => _problem.KernelRows;

    public int LineBytes => Columns * Rows * sizeof(long);

    public nint Line(int line) => _addresses.Address + ((nint)line * LineBytes);

    public void Dispose()
    {
        _addresses.Dispose();
        _zeroPixel.Dispose();
    }

    private void Fill(int line)
    {
        var entries = _addresses.Span<long>((long)line * LineBytes, Columns * Rows);
        for (var row = 0; row < Rows; row++)
        {
            var inputLine = _problem.InputLine(line, row);
            for (var column = 0; column < Columns; column++)
                entries[(column * Rows) + row] = AddressOf(inputLine, column - _problem.PadLeft);
        }
    }

    private nint AddressOf(long inputLine, int x)
    {
        if (inputLine < 0 || x < 0 || x >= _problem.InputWidth) return _zeroPixel.Address;
        return _input + (nint)(((inputLine * _problem.InputWidth) + x) * _problem.InputChannels * _problem.Input.Size());
    }
}
