using System.Numerics;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>A managed depthwise convolution bound to memory; split by output lines.</summary>
internal sealed unsafe class BoundManagedDepthwise(
    string name, ConvolutionProblem problem, float[] weights, ManagedEpilogue epilogue, ConvolutionOperands operands, int zeroPoint) : BoundKernel
{
    private const int MostParts = 64;

    private readonly int _lines = operands.Batch * problem.OutputHeight;

    // For each part a line of sums and a pixel as floats.
    private readonly float[] _scratch = new float[2 * MostParts * problem.InputChannels];

    public override string KernelName => name;

    public override int MaxParts => Math.Min(_lines, MostParts);

    public override void Run(int part, int parts)
    {
        var channels = problem.InputChannels;
        var sums = _scratch.AsSpan(2 * part * channels, channels);
        var pixel = _scratch.AsSpan(((2 * part) + 1) * channels, channels);
        var end = (int)((long)_lines * (part + 1) / parts);
        for (var line = (int)((long)_lines * part / parts); line < end; line++)
            for (var x = 0; x < problem.OutputWidth; x++)
            {
                SumWindow(line, x, sums, pixel);
                Store(((nint)line * problem.OutputWidth) + x, sums);
            }
    }

    private void SumWindow(int line, int outputX, Span<float> sums, Span<float> pixel)
    {
        sums.Clear();
        var (image, outputY) = Math.DivRem(line, problem.OutputHeight);
        for (var tap = 0; tap < problem.KernelHeight * problem.KernelWidth; tap++)
        {
            var (ky, kx) = Math.DivRem(tap, problem.KernelWidth);
            var y = (outputY * problem.StrideY) - problem.PadTop + (ky * problem.DilationY);
            var x = (outputX * problem.StrideX) - problem.PadLeft + (kx * problem.DilationX);
            if (y < 0 || y >= problem.InputHeight || x < 0 || x >= problem.InputWidth) continue;
            var at = ((((nint)image * problem.InputHeight) + y) * problem.InputWidth) + x;
            MultiplyAdd(Pixel(at, pixel), weights.AsSpan(tap * sums.Length, sums.Length), sums);
        }
    }

    private static void MultiplyAdd(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> sums)
    {
        var i = 0;
        for (; i <= sums.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.MultiplyAddEstimate(new Vector<float>(a[i..]), new Vector<float>(b[i..]), new Vector<float>(sums[i..])).CopyTo(sums[i..]);
        for (; i < sums.Length; i++) sums[i] += a[i] * b[i];
    }

    private ReadOnlySpan<float> Pixel(nint at, Span<float> pixel)
    {
        var address = operands.Input + (at * pixel.Length * problem.Input.Size());
        if (problem.Input == DataType.Float32) return new ReadOnlySpan<float>((void*)address, pixel.Length);
        if (problem.Input == DataType.UInt8)
            for (var c = 0; c < pixel.Length; c++) pixel[c] = ((byte*)address)[c] - zeroPoint;
        else
            for (var c = 0; c < pixel.Length; c++) pixel[c] = ((sbyte*)address)[c] - zeroPoint;
        return pixel;
    }

    private void Store(nint pixel, ReadOnlySpan<float> sums)
    {
        var output = operands.Output + (pixel * sums.Length * epilogue.OutputBytes);
        var residual = operands.Residual + (pixel * sums.Length * epilogue.ResidualBytes);
        for (var c = 0; c < sums.Length; c++)
        {
            if (problem.Input == DataType.Float32) epilogue.Store(sums[c], c, residual, output);
            else epilogue.Store((int)sums[c], c, residual, output);
            output += epilogue.OutputBytes;
            residual += epilogue.ResidualBytes;
        }
    }
}
