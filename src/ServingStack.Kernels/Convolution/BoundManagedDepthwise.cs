using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Convolution;

/// <summary>A managed depthwise convolution bound to memory; split by output lines.</summary>
internal sealed unsafe class BoundManagedDepthwise(
    string name, ConvolutionProblem problem, float[] weights, ManagedEpilogue epilogue, ConvolutionOperands operands, int zeroPoint)
    : BoundKernel
{
    private const int MostParts = 64;

    private readonly int _lines = operands.Batch * problem.OutputLines;

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
                Store(((nint)line * problem.OutputWidth) + x, sums, MemoryMarshal.Cast<float, int>(pixel));
            }
    }

    private void SumWindow(int line, int outputX, Span<float> sums, Span<float> pixel)
    {
        sums.Clear();
        for (var tap = 0; tap < problem.KernelPixels; tap++)
        {
            var (row, kx) = Math.DivRem(tap, problem.KernelWidth);
            var inputLine = problem.InputLine(line, row);
            var x = (outputX * problem.StrideX) - problem.PadLeft + (kx * problem.DilationX);
            if (inputLine < 0 || x < 0 || x >= problem.InputWidth) continue;
            var at = (nint)((inputLine * problem.InputWidth) + x);
            MultiplyAdd(Pixel(at, pixel), weights.AsSpan(tap * sums.Length, sums.Length), sums);
        }
    }

    private static void MultiplyAdd(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> sums)
    {
        var i = 0;
        for (; i <= sums.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.MultiplyAddEstimate(new Vector<float>(a[i..]), new Vector<float>(b[i..]), new Vector<float>(sums[i..]))
                .CopyTo(sums[i..]);
        for (; i < sums.Length; i++) sums[i] += a[i] * b[i];
    }

    private ReadOnlySpan<float> Pixel(nint at, Span<float> pixel)
    {
        var address = operands.Input + (at * pixel.Length * problem.Input.Size());
        if (problem.Input == DataType.Float32) return new ReadOnlySpan<float>((void*)address, pixel.Length);
        if (problem.Input == DataType.UInt8) Widen((byte*)address, pixel);
        else Widen((sbyte*)address, pixel);
        return pixel;
    }

    private void Widen<T>(T* source, Span<float> target) where T : unmanaged, INumberBase<T>
    {
        var i = 0;
        for (; i <= target.Length - ByteLanes<T>.Count; i += ByteLanes<T>.Count)
            Vector512.ConvertToSingle(ByteLanes<T>.Load(source + i) - Vector512.Create(zeroPoint)).CopyTo(target[i..]);
        for (; i < target.Length; i++) target[i] = int.CreateTruncating(source[i]) - zeroPoint;
    }

    private void Store(nint pixel, ReadOnlySpan<float> sums, Span<int> integers)
    {
        var output = operands.Output + (pixel * sums.Length * epilogue.OutputBytes);
        var residual = operands.Residual + (pixel * sums.Length * epilogue.ResidualBytes);
        if (problem.Input == DataType.Float32)
        {
            epilogue.StoreRow(sums, channel: 0, residual, output);
            return;
        }
        for (var c = 0; c < sums.Length; c++) integers[c] = (int)sums[c];
        epilogue.StoreRow(integers, channel: 0, residual, output);
    }
}
