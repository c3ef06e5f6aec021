using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Pooling;

/// <summary>ONNX AveragePool and GlobalAveragePool on NHWC floats. A window without a tap gives 0.</summary>
public static class AveragePool
{
    public static BoundKernel Bind(PoolProblem problem, nint input, nint output) => new Kernel(problem, input, output);

    /// <summary>How many numbers the mean is taken over.</summary>
    internal static int Divisor(PoolProblem problem, Window y, Window x) =>
        problem.CountIncludePad ? y.TapsWithPadding * x.TapsWithPadding : y.Taps * x.Taps;

    private sealed unsafe class Kernel(PoolProblem problem, nint input, nint output) : BoundKernel
    {
        private const int Width = 16;

        private readonly Window[] _rows = problem.WindowsY();
        private readonly Window[] _columns = problem.WindowsX();

        public override string KernelName => "averagepool_f32_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(
            (long)problem.Batch * problem.OutputHeight, (problem.InputCount + problem.OutputCount) * sizeof(float));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of((long)problem.Batch * _rows.Length, part, parts);
            for (var row = range.Start; row < range.End; row++)
            {
                var y = _rows[row % _rows.Length];
                var image = (float*)input + (row / _rows.Length * problem.InputHeight * problem.InputWidth * problem.Channels);
                var target = (float*)output + (row * _columns.Length * problem.Channels);
                foreach (var x in _columns)
                {
                    Pixel(image, y, x, target);
                    target += problem.Channels;
                }
            }
        }

        private void Pixel(float* image, Window y, Window x, float* target)
        {
            long channels = problem.Channels;
            var source = image + ((((long)y.Start * problem.InputWidth) + x.Start) * channels);
            var stepY = problem.InputWidth * channels * problem.DilationY;
            var stepX = channels * problem.DilationX;
            var divisor = Vector512.Create((float)Math.Max(1, Divisor(problem, y, x)));
            long c = 0;
            for (; c <= channels - (4 * Width); c += 4 * Width)
                FourVectors(source + c, stepY, stepX, y.Taps, x.Taps, divisor, target + c);
            for (; c < channels; c += Width)
            {
                var lanes = (int)Math.Min(Width, channels - c);
                var sum = Vector512<float>.Zero;
                for (var ky = 0; ky < y.Taps; ky++)
                    for (var kx = 0; kx < x.Taps; kx++)
                        sum += Lanes.Load(source + c + (ky * stepY) + (kx * stepX), lanes);
                Lanes.Store(sum / divisor, target + c, lanes);
            }
        }

        // Neighbouring cache lines at once: a large window would come from memory once for each vector.
        private static void FourVectors(float* source, long stepY, long stepX, int tapsY, int tapsX, Vector512<float> divisor, float* target)
        {
            var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            for (var ky = 0; ky < tapsY; ky++, source += stepY)
            {
                var tap = source;
                for (var kx = 0; kx < tapsX; kx++, tap += stepX)
                {
                    a += Vector512.Load(tap);
                    b += Vector512.Load(tap + Width);
                    c += Vector512.Load(tap + (2 * Width));
                    d += Vector512.Load(tap + (3 * Width));
                }
            }

            (a / divisor).Store(target);
            (b / divisor).Store(target + Width);
            (c / divisor).Store(target + (2 * Width));
            (d / divisor).Store(target + (3 * Width));
        }
    }
}
