using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Pooling;

/// <summary>
/// ONNX MaxPool and GlobalMaxPool on NHWC; padding never wins. Works on any of f32, u8, s8: the maximum commutes with dequantization, so
/// quantized tensors keep their scale. A window that lies in the padding alone gives the type's lowest value.
/// </summary>
public static class MaxPool
{
    public static BoundKernel Bind(DataType type, PoolProblem problem, nint input, nint output) => type switch
    {
        DataType.Float32 => new Kernel<float>(problem, input, output, float.NegativeInfinity),
        DataType.UInt8 => new Kernel<byte>(problem, input, output, byte.MinValue),
        DataType.Int8 => new Kernel<sbyte>(problem, input, output, sbyte.MinValue),
        _ => throw new NotSupportedException($"MaxPool on {type}: expected Float32, UInt8 or Int8."),
    };

    private sealed unsafe class Kernel<T>(PoolProblem problem, nint input, nint output, T lowest) : BoundKernel
        where T : unmanaged
    {
        private readonly Window[] _rows = problem.WindowsY();
        private readonly Window[] _columns = problem.WindowsX();

        public override string KernelName { get; } = $"maxpool_{KernelNames.Of<T>()}_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(
            (long)problem.Batch * problem.OutputHeight, (problem.InputCount + problem.OutputCount) * sizeof(T));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of((long)problem.Batch * _rows.Length, part, parts);
            for (var row = range.Start; row < range.End; row++)
            {
                var y = _rows[row % _rows.Length];
                var image = (T*)input + (row / _rows.Length * problem.InputHeight * problem.InputWidth * problem.Channels);
                var target = (T*)output + (row * _columns.Length * problem.Channels);
                foreach (var x in _columns)
                {
                    Pixel(image, y, x, target);
                    target += problem.Channels;
                }
            }
        }

        private void Pixel(T* image, Window y, Window x, T* target)
        {
            long channels = problem.Channels;
            var source = image + (((long)y.Start * problem.InputWidth) + x.Start) * channels;
            var stepY = problem.InputWidth * channels * problem.DilationY;
            var stepX = channels * problem.DilationX;
            var width = Vector512<T>.Count;
            long c = 0;
            if (y.Taps == 3 && x.Taps == 3)
                for (; c <= channels - width; c += width) Nine(source + c, stepY, stepX).Store(target + c);
            for (; c <= channels - (4 * width); c += 4 * width) FourVectors(source + c, stepY, stepX, y.Taps, x.Taps, target + c);
            for (; c <= channels - width; c += width)
            {
                var max = Vector512.Create(lowest);
                for (var ky = 0; ky < y.Taps; ky++)
                    for (var kx = 0; kx < x.Taps; kx++)
                        max = Vector512.MaxNative(max, Vector512.Load(source + c + (ky * stepY) + (kx * stepX)));
                max.Store(target + c);
            }

            var rest = (int)(channels - c);
            if (rest > 0) PixelTail(source + c, stepY, stepX, y.Taps, x.Taps, target + c, rest);
        }

        /// <summary>The usual window, without loops and without one long chain.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<T> Nine(T* source, long stepY, long stepX)
        {
            var (first, second, third) = (Three(source, stepX), Three(source + stepY, stepX), Three(source + (2 * stepY), stepX));
            return Vector512.MaxNative(Vector512.MaxNative(first, second), third);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<T> Three(T* source, long step) => Vector512.MaxNative(
            Vector512.MaxNative(Vector512.Load(source), Vector512.Load(source + step)), Vector512.Load(source + (2 * step)));

        // Neighbouring cache lines at once: a large window would come from memory once for each vector.
        private void FourVectors(T* source, long stepY, long stepX, int tapsY, int tapsX, T* target)
        {
            var width = Vector512<T>.Count;
            var a = Vector512.Create(lowest);
            var (b, c, d) = (a, a, a);
            for (var ky = 0; ky < tapsY; ky++, source += stepY)
            {
                var tap = source;
                for (var kx = 0; kx < tapsX; kx++, tap += stepX)
                {
                    a = Vector512.MaxNative(a, Vector512.Load(tap));
                    b = Vector512.MaxNative(b, Vector512.Load(tap + width));
                    c = Vector512.MaxNative(c, Vector512.Load(tap + (2 * width)));
                    d = Vector512.MaxNative(d, Vector512.Load(tap + (3 * width)));
                }
            }

            a.Store(target);
            b.Store(target + width);
            c.Store(target + (2 * width));
            d.Store(target + (3 * width));
        }

        private void PixelTail(T* source, long stepY, long stepX, int tapsY, int tapsX, T* target, int lanes)
        {
            var max = Vector512.Create(lowest);
            for (var ky = 0; ky < tapsY; ky++)
                for (var kx = 0; kx < tapsX; kx++)
                    max = Vector512.MaxNative(max, Lanes.Load(source + (ky * stepY) + (kx * stepX), lanes));
            Lanes.Store(max, target, lanes);
        }
    }
}
