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
        private static readonly int Width = Vector512<float>.Count;

        public override string KernelName { get; } = Name<TReduction>("inner");

        public override int MaxParts { get; } = PartRange.MaxParts(outer, outer * length * sizeof(float));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer, part, parts);
            for (var row = range.Start; row < range.End; row++) ((float*)y)[row] = Row((float*)x + (row * length));
        }

        private float Row(float* from)
        {
            // Two sums at a time: one addition waits for the one before it.
            var (accumulator, second) = (Vector512.Create(TReduction.Neutral), Vector512.Create(TReduction.Neutral));
            long i = 0;
            for (; i <= length - (2 * Width); i += 2 * Width)
            {
                accumulator = TReduction.Combine(accumulator, Vector512.Load(from + i));
                second = TReduction.Combine(second, Vector512.Load(from + i + Width));
            }

            for (; i <= length - Width; i += Width) accumulator = TReduction.Combine(accumulator, Vector512.Load(from + i));
            var rest = (int)(length - i);
            if (rest > 0)
            {
                var inside = Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(rest)).AsSingle();
                var last = TReduction.Combine(accumulator, Lanes.Load(from + i, rest));
                accumulator = Vector512.ConditionalSelect(inside, last, accumulator);
            }

            var result = TReduction.Neutral;
            for (var lane = 0; lane < Width; lane++) result = TReduction.Merge(result, TReduction.Merge(accumulator[lane], second[lane]));
            return TReduction.Finish(Vector512.Create(result), length)[0];
        }
    }

    private sealed unsafe class Columns<TReduction>(nint x, nint y, long outer, long length, long inner) : BoundKernel
        where TReduction : struct, IReduction
    {
        private static readonly int Width = Vector512<float>.Count;

        private readonly long _blocks = (inner + Width - 1) / Width;

        public override string KernelName { get; } = Name<TReduction>("outer");

        public override int MaxParts { get; } =
            PartRange.MaxParts(outer * ((inner + Width - 1) / Width), outer * length * inner * sizeof(float));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer * _blocks, part, parts);
            for (var item = range.Start; item < range.End; item++)
            {
                var column = item % _blocks * Width;
                var lanes = (int)Math.Min(Width, inner - column);
                var from = (float*)x + (item / _blocks * length * inner) + column;
                var accumulator = Vector512.Create(TReduction.Neutral);
                for (long i = 0; i < length; i++) accumulator = TReduction.Combine(accumulator, Lanes.Load(from + (i * inner), lanes));
                Lanes.Store(TReduction.Finish(accumulator, length), (float*)y + (item / _blocks * inner) + column, lanes);
            }
        }
    }
}
