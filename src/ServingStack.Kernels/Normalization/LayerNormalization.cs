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
            var sum = Vector512<float>.Zero;
            for (long i = 0; i < length; i += Width) sum += Lanes.Load(from + i, Count(i));
            var mean = Vector512.Create(Vector512.Sum(sum) / length);
            var squares = Vector512<float>.Zero;
            for (long i = 0; i < length; i += Width)
            {
                var inside = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(Count(i))).AsSingle();
                var d = Vector512.ConditionalSelect(inside, Lanes.Load(from + i, Count(i)) - mean, Vector512<float>.Zero);
                squares = Vector512.FusedMultiplyAdd(d, d, squares);
            }

            var factor = Vector512.Create(1 / MathF.Sqrt((Vector512.Sum(squares) / length) + epsilon));
            for (long i = 0; i < length; i += Width)
            {
                var lanes = Count(i);
                var z = (Lanes.Load(from + i, lanes) - mean) * factor * Lanes.Load((float*)scale + i, lanes);
                if (bias != 0) z += Lanes.Load((float*)bias + i, lanes);
                Lanes.Store(z, to + i, lanes);
            }
        }

        private int Count(long i) => (int)Math.Min(Width, length - i);
    }
}
