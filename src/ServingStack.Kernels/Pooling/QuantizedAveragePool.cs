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

        private readonly int _outputHeight = problem.OutputHeight;
        private readonly int _outputWidth = problem.OutputWidth;
        private readonly double _ratio = (double)x.Scale / y.Scale;

        public override string KernelName { get; } = $"qaveragepool_{KernelNames.Of<TX>()}{KernelNames.Of<TY>()}_nhwc";

        public override int MaxParts { get; } =
            PartRange.MaxParts((long)problem.Batch * problem.OutputHeight, problem.InputCount + problem.OutputCount);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of((long)problem.Batch * _outputHeight, part, parts);
            for (var row = range.Start; row < range.End; row++)
            {
                var windowY = problem.WindowY((int)(row % _outputHeight));
                var image = (TX*)input + (row / _outputHeight * problem.InputHeight * problem.InputWidth * problem.Channels);
                var target = (TY*)output + (row * _outputWidth * problem.Channels);
                for (var column = 0; column < _outputWidth; column++, target += problem.Channels)
                    Pixel(image, windowY, problem.WindowX(column), target);
            }
        }

        private void Pixel(TX* image, Window windowY, Window windowX, TY* target)
        {
            long channels = problem.Channels;
            var source = image + ((((long)windowY.Start * problem.InputWidth) + windowX.Start) * channels);
            var factor = Vector512.Create((float)(_ratio / Math.Max(1, AveragePool.Divisor(problem, windowY, windowX))));
            var zeros = Vector512.Create(windowY.Taps * windowX.Taps * x.ZeroPoint);
            long c = 0;
            for (; c <= channels - Width; c += Width)
                ByteLanes<TY>.Store(Steps(Sum(source + c, windowY.Taps, windowX.Taps) - zeros, factor), target + c);
            var rest = (int)(channels - c);
            if (rest > 0) ByteLanes<TY>.Store(Steps(Sum(source + c, windowY.Taps, windowX.Taps, rest) - zeros, factor), target + c, rest);
        }

        private Vector512<int> Sum(TX* source, int tapsY, int tapsX)
        {
            var sum = Vector512<int>.Zero;
            for (var ky = 0; ky < tapsY; ky++)
                for (var kx = 0; kx < tapsX; kx++)
                    sum += ByteLanes<TX>.Load(source + Tap(ky, kx));
            return sum;
        }

        private Vector512<int> Sum(TX* source, int tapsY, int tapsX, int lanes)
        {
            var sum = Vector512<int>.Zero;
            for (var ky = 0; ky < tapsY; ky++)
                for (var kx = 0; kx < tapsX; kx++)
                    sum += ByteLanes<TX>.Load(source + Tap(ky, kx), lanes);
            return sum;
        }

        private long Tap(int ky, int kx) =>
            (((long)ky * problem.DilationY * problem.InputWidth) + (kx * problem.DilationX)) * problem.Channels;

        private Vector512<int> Steps(Vector512<int> sum, Vector512<float> factor)
        {
            var steps = Vector512.ConvertToSingle(sum) * factor;
            steps = VectorMath.Clamp(steps, Vector512.Create((float)(y.Least - y.ZeroPoint)), Vector512.Create((float)(y.Most - y.ZeroPoint)));
            return VectorMath.RoundToInt32(steps) + Vector512.Create(y.ZeroPoint);
        }
    }
}
