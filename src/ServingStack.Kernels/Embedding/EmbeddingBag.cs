using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// Sums, or takes the mean of, embedding rows: a Gather followed by ReduceSum or ReduceMean over a bag's indices, without the rows in
/// between. Rows are added in the order of their indices. An index that is out of range adds nothing and is reported, as in
/// <see cref="Gather"/>; negative indices count from the end.
/// </summary>
public static class EmbeddingBag
{
    /// <param name="indexType">Int32 or Int64; the indices are [bags, indices per bag].</param>
    /// <param name="mean">Divides by the number of indices of a bag.</param>
    public static GatherKernel Bind(EmbeddingBagProblem problem, DataType indexType, bool mean, nint table, nint indices, nint output) =>
        indexType switch
        {
            DataType.Int32 => new Kernel<int>(problem, mean, table, indices, output),
            DataType.Int64 => new Kernel<long>(problem, mean, table, indices, output),
            _ => throw new NotSupportedException($"An embedding bag by {indexType} indices: expected Int32 or Int64."),
        };

    private sealed unsafe class Kernel<TIndex>(EmbeddingBagProblem problem, bool mean, nint table, nint indices, nint output) : GatherKernel
        where TIndex : unmanaged
    {
        private const int Width = 16;
        private const int CacheLine = 64;

        public override string KernelName { get; } = $"embeddingbag_{(mean ? "mean" : "sum")}_f32_{KernelNames.Of<TIndex>()}";

        public override int MaxParts { get; } =
            PartRange.MaxParts(problem.Bags, problem.Bags * (problem.IndicesPerBag + 1) * problem.Width * sizeof(float));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(problem.Bags, part, parts);
            for (var bag = range.Start; bag < range.End; bag++)
            {
                if (bag + 1 < range.End) Prefetch(bag + 1);
                var target = (float*)output + (bag * problem.Width);
                long column = 0;
                for (; column <= problem.Width - (4 * Width); column += 4 * Width) FourVectors(bag, column, target + column);
                for (; column < problem.Width; column += Width)
                    OneVector(bag, column, target + column, (int)Math.Min(Width, problem.Width - column));
            }
        }

        private void FourVectors(long bag, long column, float* target)
        {
            var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            for (long i = 0; i < problem.IndicesPerBag; i++)
            {
                if (Row(bag, i) is var row && row is null) continue;
                row += column;
                a += Vector512.Load(row);
                b += Vector512.Load(row + Width);
                c += Vector512.Load(row + (2 * Width));
                d += Vector512.Load(row + (3 * Width));
            }

            Finish(a).Store(target);
            Finish(b).Store(target + Width);
            Finish(c).Store(target + (2 * Width));
            Finish(d).Store(target + (3 * Width));
        }

        private void OneVector(long bag, long column, float* target, int lanes)
        {
            var sum = Vector512<float>.Zero;
            for (long i = 0; i < problem.IndicesPerBag; i++)
                if (Row(bag, i) is var row && row is not null) sum += Lanes.Load(row + column, lanes);
            Lanes.Store(Finish(sum), target, lanes);
        }

        private Vector512<float> Finish(Vector512<float> sum) =>
            mean ? sum / Vector512.Create((float)Math.Max(1, problem.IndicesPerBag)) : sum;

        /// <summary>Where a row starts; null, and a fault, when its index is out of range.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private float* Row(long bag, long position)
        {
            var item = (bag * problem.IndicesPerBag) + position;
            var index = sizeof(TIndex) == 4 ? ((int*)indices)[item] : ((long*)indices)[item];
            if (index < 0) index += problem.Rows;
            if ((ulong)index < (ulong)problem.Rows) return (float*)table + (index * problem.Width);
            Fault = true;
            return null;
        }

        /// <summary>Asks for the next bag's rows while this bag's are added.</summary>
        private void Prefetch(long bag)
        {
            if (!Sse.IsSupported) return;
            for (long i = 0; i < problem.IndicesPerBag; i++)
            {
                var row = (byte*)Row(bag, i);
                if (row is null) continue;
                for (long offset = 0; offset < problem.Width * sizeof(float); offset += CacheLine) Sse.Prefetch0(row + offset);
            }
        }
    }
}
