using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// ONNX Gather: rows of a dense table picked by s32 or s64 indices, along any axis (data is [outer, length, row]). Negative indices count
/// from the end.
/// </summary>
/// <remarks>
/// Who takes a request checks its indices with <see cref="FirstOutOfRange(ReadOnlySpan{long}, long)"/> first, while the request can still
/// be refused on its own. The kernel itself never reads outside the table: for an index that is out of range it writes zeros, and
/// <see cref="GatherKernel.TakeFault"/> tells once that this happened.
/// </remarks>
public static class Gather
{
    /// <summary>The position of the first index outside [-length, length), or -1.</summary>
    public static int FirstOutOfRange(ReadOnlySpan<long> indices, long length)
    {
        for (var i = 0; i < indices.Length; i++)
            if (indices[i] < -length || indices[i] >= length) return i;
        return -1;
    }

    /// <inheritdoc cref="FirstOutOfRange(ReadOnlySpan{long}, long)"/>
    public static int FirstOutOfRange(ReadOnlySpan<int> indices, long length)
    {
        for (var i = 0; i < indices.Length; i++)
            if (indices[i] < -length || indices[i] >= length) return i;
        return -1;
    }

    /// <param name="indexType">Int32 or Int64.</param>
    public static GatherKernel Bind(GatherProblem problem, DataType indexType, nint data, nint indices, nint output) => indexType switch
    {
        DataType.Int32 => new Kernel<int>(problem, data, indices, output),
        DataType.Int64 => new Kernel<long>(problem, data, indices, output),
        _ => throw new NotSupportedException($"Gather by {indexType} indices: expected Int32 or Int64."),
    };

    private sealed unsafe class Kernel<TIndex>(GatherProblem problem, nint data, nint indices, nint output) : GatherKernel
        where TIndex : unmanaged
    {
        // Far enough ahead for memory to answer, near enough to be still in the L1 cache.
        private const int RowsAhead = 16;
        private const int CacheLine = 64;

        public override string KernelName { get; } = $"gather_{KernelNames.Of<TIndex>()}";

        public override int MaxParts { get; } =
            PartRange.MaxParts(problem.Outer * problem.Indices, problem.Outer * problem.Indices * problem.RowBytes * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(problem.Outer * problem.Indices, part, parts);
            if (range.Start >= range.End) return;
            var (outer, position) = (range.Start / problem.Indices, range.Start % problem.Indices);
            for (var item = range.Start; item < range.End; item++)
            {
                if (position + RowsAhead < problem.Indices) Prefetch(Row(outer, position + RowsAhead));
                var row = Row(outer, position);
                var target = (byte*)output + (item * problem.RowBytes);
                if (row is null) Refuse(target);
                else BlockCopy.Run(row, target, problem.RowBytes);
                if (++position < problem.Indices) continue;
                position = 0;
                outer++;
            }
        }

        /// <summary>Where the row of an index starts; null when the index is out of range.</summary>
        private byte* Row(long outer, long position)
        {
            var index = Index(position);
            if (index < 0) index += problem.Length;
            if ((ulong)index >= (ulong)problem.Length) return null;
            return (byte*)data + (((outer * problem.Length) + index) * problem.RowBytes);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private long Index(long position) => sizeof(TIndex) == 4 ? ((int*)indices)[position] : ((long*)indices)[position];

        private void Prefetch(byte* row)
        {
            if (!Sse.IsSupported) return;
            for (long offset = 0; offset < problem.RowBytes; offset += CacheLine) Sse.Prefetch0(row + offset);
        }

        private void Refuse(byte* target)
        {
            Unsafe.InitBlockUnaligned(target, 0, (uint)problem.RowBytes);
            ReportFault();
        }
    }
}
