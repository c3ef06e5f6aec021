using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Normalization;

/// <summary>
/// ONNX LayerNormalization of float rows: y = (x - mean) / sqrt(variance + epsilon) * scale + bias, with the mean and variance of each row
/// (the variance about that mean, in a second pass). y may be x.
/// </summary>
public static class LayerNormalization
{
    /// <param name="scale">Address of <paramref name="length"/> floats.</param>
    /// <param name="bias">Address of <paramref name="length"/> floats, or 0.</param>
    public static BoundKernel Bind(nint x, nint scale, nint bias, nint y, long rows, long length, float epsilon = 1e-5f) =>
        new Kernel(x, scale, bias, y, rows, length, epsilon);

    private sealed unsafe class Kernel(nint x, nint scale, nint bias, nint y, long rows, long length, float epsilon) : BoundKernel
    {
        private const int Width = 16;

        public override string KernelName => "layernormalization_f32";

        public override int MaxParts { get; } = PartRange.MaxParts(rows, rows * length * sizeof(float) * 4);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(rows, part, parts);
            for (var row = range.Start; row < range.End; row++) Row((float*)x + (row * length), (float*)y + (row * length));
        }

        private void Row(float* from, float* to)
        {
            var mean = Vector512.Create(Sum(from) / length);
            var factor = Vector512.Create(1 / MathF.Sqrt((SumOfSquares(from, mean) / length) + epsilon));
            var scales = (float*)scale;
            var biases = (float*)bias;
            long i = 0;
            for (; i <= length - Width; i += Width)
            {
                var z = (Vector512.Load(from + i) - mean) * factor * Vector512.Load(scales + i);
                if (bias != 0) z += Vector512.Load(biases + i);
                z.Store(to + i);
            }

            var rest = (int)(length - i);
            if (rest == 0) return;
            var last = (Lanes.Load(from + i, rest) - mean) * factor * Lanes.Load(scales + i, rest);
            if (bias != 0) last += Lanes.Load(biases + i, rest);
            Lanes.Store(last, to + i, rest);
        }

        private float Sum(float* from)
        {
            var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            long i = 0;
            for (; i <= length - (4 * Width); i += 4 * Width)
            {
                a += Vector512.Load(from + i);
                b += Vector512.Load(from + i + Width);
                c += Vector512.Load(from + i + (2 * Width));
                d += Vector512.Load(from + i + (3 * Width));
            }

            for (; i < length; i += Width) a += Lanes.Load(from + i, Count(i));
            return Across.Sum(a + b + (c + d));
        }

        private float SumOfSquares(float* from, Vector512<float> mean)
        {
            var (a, b) = (Vector512<float>.Zero, Vector512<float>.Zero);
            var (c, d) = (a, b);
            long i = 0;
            for (; i <= length - (4 * Width); i += 4 * Width)
            {
                a = AddSquare(a, Vector512.Load(from + i) - mean);
                b = AddSquare(b, Vector512.Load(from + i + Width) - mean);
                c = AddSquare(c, Vector512.Load(from + i + (2 * Width)) - mean);
                d = AddSquare(d, Vector512.Load(from + i + (3 * Width)) - mean);
            }

            for (; i < length; i += Width)
            {
                var inside = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(Count(i))).AsSingle();
                a = AddSquare(a, Vector512.ConditionalSelect(inside, Lanes.Load(from + i, Count(i)) - mean, Vector512<float>.Zero));
            }

            return Across.Sum(a + b + (c + d));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<float> AddSquare(Vector512<float> sum, Vector512<float> x) => Vector512.FusedMultiplyAdd(x, x, sum);

        private int Count(long i) => (int)Math.Min(Width, length - i);
    }
}
