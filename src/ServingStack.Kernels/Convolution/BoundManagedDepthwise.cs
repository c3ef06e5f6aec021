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

    /// <summary>A pixel of the window that lies inside the image: its address, and its place in the kernel.</summary>
    private readonly record struct Tap(nint Pixel, int KernelPixel);

    private readonly int _lines = operands.Batch * problem.OutputLines;

    // For each part the window of a pixel, and its sums.
    private readonly Tap[] _taps = new Tap[MostParts * problem.KernelPixels];
    private readonly float[] _sums = GC.AllocateArray<float>(MostParts * problem.InputChannels, pinned: true);

    public override string KernelName => name;

    public override int MaxParts => Math.Min(_lines, MostParts);

    public override void Run(int part, int parts)
    {
        var sums = _sums.AsSpan(part * problem.InputChannels, problem.InputChannels);
        var end = (int)((long)_lines * (part + 1) / parts);
        for (var line = (int)((long)_lines * part / parts); line < end; line++)
            for (var x = 0; x < problem.OutputWidth; x++)
            {
                var taps = Window(line, x, _taps.AsSpan(part * problem.KernelPixels, problem.KernelPixels));
                fixed (float* sum = sums)
                    if (problem.Input == DataType.Float32) SumFloats(taps, sum);
                    else if (problem.Input == DataType.UInt8) SumBytes<byte>(taps, (int*)sum);
                    else SumBytes<sbyte>(taps, (int*)sum);
                Store(((nint)line * problem.OutputWidth) + x, sums);
            }
    }

    private Span<Tap> Window(int line, int outputX, Span<Tap> taps)
    {
        var count = 0;
        var left = (outputX * problem.StrideX) - problem.PadLeft;
        for (var row = 0; row < problem.KernelRows; row++)
        {
            var inputLine = problem.InputLine(line, row);
            if (inputLine < 0) continue;
            for (var kx = 0; kx < problem.KernelWidth; kx++)
            {
                var x = left + (kx * problem.DilationX);
                if (x < 0 || x >= problem.InputWidth) continue;
                var element = ((inputLine * problem.InputWidth) + x) * problem.InputChannels;
                taps[count++] = new Tap(operands.Input + (nint)(element * problem.Input.Size()), (row * problem.KernelWidth) + kx);
            }
        }
        return taps[..count];
    }

    private void SumFloats(Span<Tap> taps, float* sums)
    {
        var channels = problem.InputChannels;
        fixed (float* kernel = weights)
            for (var c = 0; c < channels; c += Vector512<float>.Count)
            {
                var lanes = Math.Min(Vector512<float>.Count, channels - c);
                var sum = Vector512<float>.Zero;
                foreach (var tap in taps)
                {
                    var weight = Load(kernel + (tap.KernelPixel * channels) + c, lanes);
                    sum = Vector512.MultiplyAddEstimate(Load((float*)tap.Pixel + c, lanes), weight, sum);
                }
                Lanes.Store(sum, sums + c, lanes);
            }
    }

    private void SumBytes<T>(Span<Tap> taps, int* sums) where T : unmanaged
    {
        var channels = problem.InputChannels;
        var zero = Vector512.Create(zeroPoint);
        fixed (float* kernel = weights)
            for (var c = 0; c < channels; c += ByteLanes<T>.Count)
            {
                var lanes = Math.Min(ByteLanes<T>.Count, channels - c);
                var sum = Vector512<float>.Zero;
                foreach (var tap in taps)
                {
                    var source = (T*)tap.Pixel + c;
                    var pixel = lanes == ByteLanes<T>.Count ? ByteLanes<T>.Load(source) : ByteLanes<T>.Load(source, lanes);
                    var weight = Load(kernel + (tap.KernelPixel * channels) + c, lanes);
                    sum = Vector512.MultiplyAddEstimate(Vector512.ConvertToSingle(pixel - zero), weight, sum);
                }
                Lanes.Store(Vector512.ConvertToInt32(sum), sums + c, lanes);
            }
    }

    private static Vector512<float> Load(float* source, int lanes) =>
        lanes == Vector512<float>.Count ? Vector512.Load(source) : Lanes.Load(source, lanes);

    private void Store(nint pixel, ReadOnlySpan<float> sums)
    {
        var output = operands.Output + (pixel * sums.Length * epilogue.OutputBytes);
        var residual = operands.Residual + (pixel * sums.Length * epilogue.ResidualBytes);
        if (problem.Input == DataType.Float32) epilogue.StoreRow(sums, channel: 0, residual, output);
        else epilogue.StoreRow(MemoryMarshal.Cast<float, int>(sums), channel: 0, residual, output);
    }
}
