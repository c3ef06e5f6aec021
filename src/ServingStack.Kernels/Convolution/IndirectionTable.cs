using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The addresses a convolution reads, in the order its tiles read them: for each tile, for each tap, one address an output pixel. Pixels
/// outside the image point at a row of zero points, so kernels know nothing of padding.
/// Source: M. Dukhan, "The Indirect Convolution Algorithm", 2019.
/// </summary>
internal sealed class IndirectionTable : IPreparedInput
{
    private readonly ConvolutionProblem _problem;
    private readonly TapLayout _layout;
    private readonly nint _input;
    private readonly NativeBuffer _addresses;
    private readonly NativeBuffer _zeroRow;
    private readonly BorderStrips? _strips;

    public IndirectionTable(ConvolutionProblem problem, TapLayout layout, ConvolutionOperands operands, int zeroPoint, IReadOnlyList<Range> tiles)
    {
        (_problem, _layout, _input) = (problem, layout, operands.Input);
        _zeroRow = new NativeBuffer(Math.Max(layout.TapBytes, problem.InputChannels * problem.Input.Size()));
        if (problem.Input != DataType.Float32) _zeroRow.Bytes.Fill((byte)zeroPoint);
        if (layout.WholeRows && BorderStrips.AreNeeded(problem, layout))
            _strips = new BorderStrips(problem, layout, operands, (byte)zeroPoint);
        _addresses = new NativeBuffer(tiles.Sum(tile => (long)(tile.End.Value - tile.Start.Value)) * layout.Taps * sizeof(long));
        Fill(tiles);
    }

    public nint Address => _addresses.Address;

    /// <summary>Brings the padded copies at the left and right border up to date.</summary>
    public void Refresh(int first, int end) => _strips?.Refresh(first, end);

    public void Dispose()
    {
        _addresses.Dispose();
        _zeroRow.Dispose();
        _strips?.Dispose();
    }

    private void Fill(IReadOnlyList<Range> tiles)
    {
        var next = 0L;
        foreach (var tile in tiles)
        {
            var (first, end) = (tile.Start.Value, tile.End.Value);
            for (var tap = 0; tap < _layout.Taps; tap++)
            {
                var row = _addresses.Span<long>(next, end - first);
                for (var pixel = first; pixel < end; pixel++) row[pixel - first] = AddressOf(pixel, tap);
                next += row.Length * sizeof(long);
            }
        }
    }

    private long AddressOf(int pixel, int tap)
    {
        var (line, x) = Math.DivRem(pixel, _problem.OutputWidth);
        var (row, kx) = Math.DivRem(tap, _layout.TapsPerRow);
        var inputLine = _problem.InputLine(line, row);
        var inputX = (x * _problem.StrideX) - _problem.PadLeft + (kx * _problem.DilationX);
        if (inputLine < 0) return _zeroRow.Address;
        if (_layout.FitsLine(inputX))
            return _input + (((inputLine * _problem.InputWidth) + inputX) * _problem.InputChannels * _problem.Input.Size());
        return _strips?.AddressOf(inputLine, x) ?? _zeroRow.Address;
    }
}
