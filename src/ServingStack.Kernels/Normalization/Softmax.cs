using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Normalization;

/// <summary>
/// ONNX Softmax (e^(x - max) / sum) and LogSoftmax (x - max - ln sum) along the middle axis of a dense [outer, length, inner] float tensor.
/// The maximum is taken out first, so nothing overflows. y may be x.
/// </summary>
public static class Softmax
{
    public static BoundKernel Bind(nint x, nint y, long outer, long length, long inner = 1, bool logarithm = false) => inner == 1
        ? new Contiguous(x, y, outer, length, logarithm)
        : new Strided(x, y, outer, length, inner, logarithm);

    private static string Name(bool logarithm) => logarithm ? "logsoftmax_f32" : "softmax_f32";

    private sealed unsafe class Contiguous(nint x, nint y, long outer, long length, bool logarithm) : BoundKernel
    {
        private const int Width = 16;

        public override string KernelName { get; } = Name(logarithm);

        public override int MaxParts { get; } = PartRange.MaxParts(outer, outer * length * sizeof(float) * 4);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer, part, parts);
            for (var row = range.Start; row < range.End; row++) Row((float*)x + (row * length), (float*)y + (row * length));
        }

        private void Row(float* from, float* to)
        {
            var max = Vector512.Create(Largest(from));
            var sum = SumOfExponentials(from, to, max);
            if (logarithm) Shift(from, to, max + VectorMath.Log(Vector512.Create(sum)));
            else Scale(to, Vector512.Create(1 / sum));
        }

        private float Largest(float* from)
        {
            var lowest = Vector512.Create(float.NegativeInfinity);
            var max = lowest;
            for (long i = 0; i < length; i += Width)
            {
                var lanes = (int)Math.Min(Width, length - i);
                var inside = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(lanes)).AsSingle();
                max = Vector512.Max(max, Vector512.ConditionalSelect(inside, Lanes.Load(from + i, lanes), lowest));
            }

            var largest = max[0];
            for (var lane = 1; lane < Width; lane++) largest = MathF.Max(largest, max[lane]);
            return largest;
        }

        /// <summary>The sum; the exponentials are left in <paramref name="to"/>, unless only their logarithm is wanted.</summary>
        private float SumOfExponentials(float* from, float* to, Vector512<float> max)
        {
            var sum = Vector512<float>.Zero;
            for (long i = 0; i < length; i += Width)
            {
                var lanes = (int)Math.Min(Width, length - i);
                var inside = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(lanes)).AsSingle();
                var e = Vector512.ConditionalSelect(inside, VectorMath.Exp(Lanes.Load(from + i, lanes) - max), Vector512<float>.Zero);
                sum += e;
                if (!logarithm) Lanes.Store(e, to + i, lanes);
            }

            return Vector512.Sum(sum);
        }

        private void Shift(float* from, float* to, Vector512<float> by)
        {
            for (long i = 0; i < length; i += Width)
            {
                var lanes = (int)Math.Min(Width, length - i);
                Lanes.Store(Lanes.Load(from + i, lanes) - by, to + i, lanes);
            }
        }

        private void Scale(float* to, Vector512<float> by)
        {
            for (long i = 0; i < length; i += Width)
            {
                var lanes = (int)Math.Min(Width, length - i);
                Lanes.Store(Lanes.Load(to + i, lanes) * by, to + i, lanes);
            }
        }
    }

    private sealed unsafe class Strided(nint x, nint y, long outer, long length, long inner, bool logarithm) : BoundKernel
    {
        private const int Width = 16;

        private readonly long _blocks = (inner + Width - 1) / Width;

        public override string KernelName { get; } = Name(logarithm) + "_strided";

        public override int MaxParts { get; } = PartRange.MaxParts(outer, outer * length * inner * sizeof(float) * 4);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer * _blocks, part, parts);
            for (var item = range.Start; item < range.End; item++)
            {
                var column = item % _blocks * Width;
                var offset = (item / _blocks * length * inner) + column;
                Columns((float*)x + offset, (float*)y + offset, (int)Math.Min(Width, inner - column));
            }
        }

        private void Columns(float* from, float* to, int lanes)
        {
            var max = Lanes.Load(from, lanes);
            for (long i = 1; i < length; i++) max = Vector512.Max(max, Lanes.Load(from + (i * inner), lanes));
            var sum = Vector512<float>.Zero;
            for (long i = 0; i < length; i++)
            {
                var e = VectorMath.Exp(Lanes.Load(from + (i * inner), lanes) - max);
                sum += e;
                if (!logarithm) Lanes.Store(e, to + (i * inner), lanes);
            }

            var shift = max + VectorMath.Log(sum);
            var scale = Vector512<float>.One / sum;
            for (long i = 0; i < length; i++)
            {
                var value = logarithm ? Lanes.Load(from + (i * inner), lanes) - shift : Lanes.Load(to + (i * inner), lanes) * scale;
                Lanes.Store(value, to + (i * inner), lanes);
            }
        }
    }
}
