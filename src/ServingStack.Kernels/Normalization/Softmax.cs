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

        // A NaN may get lost here: it comes back with its exponential, and then the whole row is NaN.
        private float Largest(float* from)
        {
            var lowest = Vector512.Create(float.NegativeInfinity);
            var (a, b, c, d) = (lowest, lowest, lowest, lowest);
            long i = 0;
            for (; i <= length - (4 * Width); i += 4 * Width)
            {
                a = Vector512.MaxNative(a, Vector512.Load(from + i));
                b = Vector512.MaxNative(b, Vector512.Load(from + i + Width));
                c = Vector512.MaxNative(c, Vector512.Load(from + i + (2 * Width)));
                d = Vector512.MaxNative(d, Vector512.Load(from + i + (3 * Width)));
            }

            for (; i <= length - Width; i += Width) a = Vector512.MaxNative(a, Vector512.Load(from + i));
            var rest = (int)(length - i);
            if (rest > 0) b = Vector512.MaxNative(b, Vector512.ConditionalSelect(Inside(rest), Lanes.Load(from + i, rest), lowest));
            return Across.Max(Vector512.MaxNative(Vector512.MaxNative(a, b), Vector512.MaxNative(c, d)));
        }

        /// <summary>The sum; the exponentials are left in <paramref name="to"/>, unless only their logarithm is wanted.</summary>
        private float SumOfExponentials(float* from, float* to, Vector512<float> max)
        {
            var (sum, second) = (Vector512<float>.Zero, Vector512<float>.Zero);
            long i = 0;
            for (; i <= length - (2 * Width); i += 2 * Width)
            {
                var e = VectorMath.Exp(Vector512.Load(from + i) - max);
                var f = VectorMath.Exp(Vector512.Load(from + i + Width) - max);
                sum += e;
                second += f;
                if (logarithm) continue;
                e.Store(to + i);
                f.Store(to + i + Width);
            }

            for (; i < length; i += Width)
            {
                var lanes = (int)Math.Min(Width, length - i);
                var e = Vector512.ConditionalSelect(Inside(lanes), VectorMath.Exp(Lanes.Load(from + i, lanes) - max), Vector512<float>.Zero);
                sum += e;
                if (!logarithm) Lanes.Store(e, to + i, lanes);
            }

            return Across.Sum(sum + second);
        }

        private static Vector512<float> Inside(int lanes) =>
            Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(lanes)).AsSingle();

        private void Shift(float* from, float* to, Vector512<float> by)
        {
            long i = 0;
            for (; i <= length - Width; i += Width) (Vector512.Load(from + i) - by).Store(to + i);
            var rest = (int)(length - i);
            if (rest > 0) Lanes.Store(Lanes.Load(from + i, rest) - by, to + i, rest);
        }

        private void Scale(float* to, Vector512<float> by)
        {
            long i = 0;
            for (; i <= length - Width; i += Width) (Vector512.Load(to + i) * by).Store(to + i);
            var rest = (int)(length - i);
            if (rest > 0) Lanes.Store(Lanes.Load(to + i, rest) * by, to + i, rest);
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
