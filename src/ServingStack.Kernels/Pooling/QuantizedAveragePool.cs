using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Quantization;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Pooling;

/// <summary>
/// AveragePool and GlobalAveragePool on 8-bit NHWC with requantization: the sum is exact in integers, then
/// <c>y = saturate(round_half_even(sum * (x scale / y scale / count)) + y zero point)</c>. Padding counts as real zeros, or not at all.
/// </summary>
public static class QuantizedAveragePool
{
    public static BoundKernel Bind(PoolProblem problem, QuantizationParameters x, QuantizationParameters y, nint input, nint output)
    {
        x.Check();
        y.Check();
        return (x.Type, y.Type) switch
        {
            (DataType.UInt8, DataType.UInt8) => new Kernel<byte, byte>(problem, x, y, input, output),
            (DataType.UInt8, _) => new Kernel<byte, sbyte>(problem, x, y, input, output),
            (_, DataType.UInt8) => new Kernel<sbyte, byte>(problem, x, y, input, output),
            _ => new Kernel<sbyte, sbyte>(problem, x, y, input, output),
        };
    }

    private sealed unsafe class Kernel<TX, TY>(
        PoolProblem problem, QuantizationParameters x, QuantizationParameters y, nint input, nint output) : BoundKernel
        where TX : unmanaged
        where TY : unmanaged
    {
        private const int Width = 16;

        // So many of the least s8, or of the greatest u8, fit.
        private const int MostTapsInWords = 255;

        private readonly Window[] _rows = problem.WindowsY();
        private readonly Window[] _columns = problem.WindowsX();
        private readonly double _ratio = (double)x.Scale / y.Scale;

        public override string KernelName { get; } = $"qaveragepool_{KernelNames.Of<TX>()}{KernelNames.Of<TY>()}_nhwc";

        public override int MaxParts { get; } =
            PartRange.MaxParts((long)problem.Batch * problem.OutputHeight, problem.InputCount + problem.OutputCount);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of((long)problem.Batch * _rows.Length, part, parts);
            for (var row = range.Start; row < range.End; row++)
            {
                var windowY = _rows[row % _rows.Length];
                var image = (TX*)input + (row / _rows.Length * problem.InputHeight * problem.InputWidth * problem.Channels);
                var target = (TY*)output + (row * _columns.Length * problem.Channels);
                foreach (var windowX in _columns)
                {
                    Pixel(image, windowY, windowX, target);
                    target += problem.Channels;
                }
            }
        }

        private void Pixel(TX* image, Window windowY, Window windowX, TY* target)
        {
            long channels = problem.Channels;
            var source = image + ((((long)windowY.Start * problem.InputWidth) + windowX.Start) * channels);
            var factor = Vector512.Create((float)(_ratio / Math.Max(1, AveragePool.Divisor(problem, windowY, windowX))));
            var zeros = Vector512.Create(windowY.Taps * windowX.Taps * x.ZeroPoint);
            var stepY = channels * problem.InputWidth * problem.DilationY;
            var stepX = channels * problem.DilationX;
            long c = 0;
            if (windowY.Taps * windowX.Taps <= MostTapsInWords)
                for (; c <= channels - ByteLanes<TX>.WordCount * 2; c += ByteLanes<TX>.WordCount * 2)
                    Words(source + c, stepY, stepX, windowY.Taps, windowX.Taps, zeros, factor, target + c);
            for (; c <= channels - Width; c += Width)
            {
                var sum = Vector512<int>.Zero;
                for (var ky = 0; ky < windowY.Taps; ky++)
                {
                    var tap = source + c + (ky * stepY);
                    for (var kx = 0; kx < windowX.Taps; kx++, tap += stepX) sum += ByteLanes<TX>.Load(tap);
                }

                ByteLanes<TY>.Store(Steps(sum - zeros, factor), target + c);
            }

            var rest = (int)(channels - c);
            if (rest == 0) return;
            var tail = TailSum(source + c, stepY, stepX, windowY.Taps, windowX.Taps, rest);
            ByteLanes<TY>.Store(Steps(tail - zeros, factor), target + c, rest);
        }

        /// <summary>64 channels: their sums fit 16 bits, so that a register holds twice as many.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Words(
            TX* source, long stepY, long stepX, int tapsY, int tapsX, Vector512<int> zeros, Vector512<float> factor, TY* target)
        {
            var (low, high) = (Vector512<short>.Zero, Vector512<short>.Zero);
            for (var ky = 0; ky < tapsY; ky++, source += stepY)
            {
                var tap = source;
                for (var kx = 0; kx < tapsX; kx++, tap += stepX)
                {
                    low += ByteLanes<TX>.LoadWords(tap);
                    high += ByteLanes<TX>.LoadWords(tap + ByteLanes<TX>.WordCount);
                }
            }

            ByteLanes<TY>.Store(Steps(ByteLanes<TX>.WidenLower(low) - zeros, factor), target);
            ByteLanes<TY>.Store(Steps(ByteLanes<TX>.WidenUpper(low) - zeros, factor), target + Width);
            ByteLanes<TY>.Store(Steps(ByteLanes<TX>.WidenLower(high) - zeros, factor), target + (2 * Width));
            ByteLanes<TY>.Store(Steps(ByteLanes<TX>.WidenUpper(high) - zeros, factor), target + (3 * Width));
        }

        private static Vector512<int> TailSum(TX* source, long stepY, long stepX, int tapsY, int tapsX, int lanes)
        {
            var sum = Vector512<int>.Zero;
            for (var ky = 0; ky < tapsY; ky++)
                for (var kx = 0; kx < tapsX; kx++)
                    sum += ByteLanes<TX>.Load(source + (ky * stepY) + (kx * stepX), lanes);
            return sum;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector512<int> Steps(Vector512<int> sum, Vector512<float> factor)
        {
            var steps = Vector512.ConvertToSingle(sum) * factor;
            var (low, high) = (Vector512.Create((float)(y.Least - y.ZeroPoint)), Vector512.Create((float)(y.Most - y.ZeroPoint)));
            steps = VectorMath.Clamp(steps, low, high);
            return VectorMath.RoundToInt32(steps) + Vector512.Create(y.ZeroPoint);
        }
    }
}
