using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Reduction;

/// <summary>
/// Reduces the middle axis of a dense float tensor [outer, length, inner] to [outer, inner]. Neighbouring axes reduce as one; axes that are
/// not neighbours take a transpose or two runs. The order of additions depends on the sizes alone.
/// </summary>
public static class Reduce
{
    public static BoundKernel Bind<TReduction>(TReduction reduction, nint x, nint y, long outer, long length, long inner)
        where TReduction : struct, IReduction
    {
        _ = reduction;
        return inner == 1 ? new Rows<TReduction>(x, y, outer, length) : new Columns<TReduction>(x, y, outer, length, inner);
    }

    private static string Name<TReduction>(string axis)
        where TReduction : struct, IReduction => $"reduce{TReduction.Name}_f32_{axis}";

    private sealed unsafe class Rows<TReduction>(nint x, nint y, long outer, long length) : BoundKernel
        where TReduction : struct, IReduction
    {
        private const int Width = 16;

        public override string KernelName { get; } = Name<TReduction>("inner");

        public override int MaxParts { get; } = PartRange.MaxParts(outer, outer * length * sizeof(float));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer, part, parts);
            for (var row = range.Start; row < range.End; row++) ((float*)y)[row] = Row((float*)x + (row * length));
        }

        private float Row(float* from)
        {
            // Four sums at a time: one addition waits for the one before it.
            var (accumulator, second) = (Vector512.Create(TReduction.Neutral), Vector512.Create(TReduction.Neutral));
            var (third, fourth) = (accumulator, second);
            long i = 0;
            for (; i <= length - (4 * Width); i += 4 * Width)
            {
                accumulator = TReduction.Combine(accumulator, Vector512.Load(from + i));
                second = TReduction.Combine(second, Vector512.Load(from + i + Width));
                third = TReduction.Combine(third, Vector512.Load(from + i + (2 * Width)));
                fourth = TReduction.Combine(fourth, Vector512.Load(from + i + (3 * Width)));
            }

            for (; i <= length - Width; i += Width) accumulator = TReduction.Combine(accumulator, Vector512.Load(from + i));
            var rest = (int)(length - i);
            if (rest > 0)
            {
                var inside = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(rest)).AsSingle();
                var last = TReduction.Combine(accumulator, Lanes.Load(from + i, rest));
                accumulator = Vector512.ConditionalSelect(inside, last, accumulator);
            }

            accumulator = TReduction.Merge(TReduction.Merge(accumulator, second), TReduction.Merge(third, fourth));
            return TReduction.Finish(Vector512.Create(Across(accumulator)), length)[0];
        }

        /// <summary>All lanes merged: quarters with each other, then halves, and so on.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float Across(Vector512<float> x)
        {
            var (lower, upper) = (x.GetLower(), x.GetUpper());
            var four = TReduction.Merge(
                TReduction.Merge(lower.GetLower(), lower.GetUpper()), TReduction.Merge(upper.GetLower(), upper.GetUpper()));
            four = TReduction.Merge(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
            return TReduction.Merge(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2)))[0];
        }
    }

    private sealed unsafe class Columns<TReduction>(nint x, nint y, long outer, long length, long inner) : BoundKernel
        where TReduction : struct, IReduction
    {
        private const int Width = 16;

        private const int Together = 4;

        private readonly long _blocks = (inner + Width - 1) / Width;

        public override string KernelName { get; } = Name<TReduction>("outer");

        public override int MaxParts { get; } =
            PartRange.MaxParts(outer * ((inner + Width - 1) / Width), outer * length * inner * sizeof(float));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer * _blocks, part, parts);
            for (var item = range.Start; item < range.End;)
            {
                var block = item % _blocks;
                var column = block * Width;
                var from = (float*)x + (item / _blocks * length * inner) + column;
                var to = (float*)y + (item / _blocks * inner) + column;
                // A whole cache line or more of each row: strides would cost the others' reading anew.
                var wide = block + Together <= inner / Width && item + Together <= range.End;
                if (wide) Wide(from, to);
                else Narrow(from, to, (int)Math.Min(Width, inner - column));
                item += wide ? Together : 1;
            }
        }

        private void Wide(float* from, float* to)
        {
            var a = Vector512.Create(TReduction.Neutral);
            var (b, c, d) = (a, a, a);
            for (long i = 0; i < length; i++, from += inner)
            {
                a = TReduction.Combine(a, Vector512.Load(from));
                b = TReduction.Combine(b, Vector512.Load(from + Width));
                c = TReduction.Combine(c, Vector512.Load(from + (2 * Width)));
                d = TReduction.Combine(d, Vector512.Load(from + (3 * Width)));
            }

            TReduction.Finish(a, length).Store(to);
            TReduction.Finish(b, length).Store(to + Width);
            TReduction.Finish(c, length).Store(to + (2 * Width));
            TReduction.Finish(d, length).Store(to + (3 * Width));
        }

        private void Narrow(float* from, float* to, int lanes)
        {
            var accumulator = Vector512.Create(TReduction.Neutral);
            for (long i = 0; i < length; i++, from += inner) accumulator = TReduction.Combine(accumulator, Lanes.Load(from, lanes));
            Lanes.Store(TReduction.Finish(accumulator, length), to, lanes);
        }
    }
}
