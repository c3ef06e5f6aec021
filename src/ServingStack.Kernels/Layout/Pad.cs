using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Layout;

/// <summary>
/// ONNX Pad of dense tensors, any axes, all modes; negative padding crops. The innermost padded axis is cut into runs at bind time (fill,
/// or copy a contiguous piece), so padding an image is one copy per image row.
/// </summary>
public static class Pad
{
    private const long Outside = -1;

    /// <param name="before">Elements added in front of each axis.</param>
    /// <param name="after">Elements added behind each axis.</param>
    /// <param name="value">The element's bits for <see cref="PadMode.Constant"/>, in the low bytes.</param>
    public static BoundKernel Bind(
        DataType type, nint source, long[] shape, long[] before, long[] after, PadMode mode, ulong value, nint target)
    {
        var maps = shape.Select((length, axis) => Map(length, before[axis], after[axis], mode)).ToArray();
        var name = $"pad_{type.Short()}";
        return type.Size() switch
        {
            1 => new Kernel<byte>(name, source, target, shape, maps, (byte)value),
            2 => new Kernel<ushort>(name, source, target, shape, maps, (ushort)value),
            4 => new Kernel<uint>(name, source, target, shape, maps, (uint)value),
            _ => new Kernel<ulong>(name, source, target, shape, maps, value),
        };
    }

    /// <summary>For each index of a padded axis the source's index, or <see cref="Outside"/>.</summary>
    private static long[] Map(long length, long before, long after, PadMode mode)
    {
        var padded = length + before + after;
        if (padded < 0) throw new ArgumentException($"Padding {before} and {after} leaves less than nothing of an axis of {length}.");
        if (mode != PadMode.Constant && length == 0 && padded > 0) throw new ArgumentException($"An empty axis has no {mode} padding.");
        var map = new long[padded];
        for (long i = 0; i < padded; i++) map[i] = SourceIndex(i - before, length, mode);
        return map;
    }

    private static long SourceIndex(long index, long length, PadMode mode) => mode switch
    {
        _ when index >= 0 && index < length => index,
        PadMode.Edge => Math.Clamp(index, 0, length - 1),
        PadMode.Reflect => Reflect(index, length),
        PadMode.Wrap => ((index % length) + length) % length,
        _ => Outside,
    };

    private static long Reflect(long index, long length)
    {
        if (length == 1) return 0;
        var period = 2 * (length - 1);
        index = ((index % period) + period) % period;
        return index < length ? index : period - index;
    }

    /// <summary>Consecutive target elements that are filled (Source = Outside) or copied from consecutive source elements.</summary>
    private readonly record struct Segment(long Source, long Target, long Count);

    private sealed unsafe class Kernel<T> : BoundKernel
        where T : unmanaged
    {
        private readonly nint _source;
        private readonly nint _target;
        private readonly T _value;
        private readonly long[][] _outerMaps;
        private readonly long[] _outerStrides;
        private readonly Segment[] _segments;
        private readonly long _rows;
        private readonly long _rowLength;

        public Kernel(string name, nint source, nint target, long[] shape, long[][] maps, T value)
        {
            KernelName = name;
            (_source, _target, _value) = (source, target, value);
            var last = Math.Max(0, Enumerable.Range(0, shape.Length).LastOrDefault(axis => Changes(maps[axis], shape[axis])));
            var chunk = IterationSpace.Product(shape.AsSpan(Math.Min(shape.Length, last + 1)));
            _outerMaps = maps[..Math.Min(last, maps.Length)];
            _outerStrides = IterationSpace.DenseStrides(shape)[.._outerMaps.Length];
            _segments = Segments(shape.Length == 0 ? [0] : maps[last], chunk);
            _rowLength = (shape.Length == 0 ? 1 : maps[last].Length) * chunk;
            _rows = IterationSpace.Product([.. _outerMaps.Select(map => (long)map.Length)]);
            MaxParts = PartRange.MaxParts(_rows, _rows * _rowLength * sizeof(T) * 2);
        }

        public override string KernelName { get; }

        public override int MaxParts { get; }

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(_rows, part, parts);
            for (var row = range.Start; row < range.End; row++)
            {
                var target = (T*)_target + (row * _rowLength);
                if (SourceOffset(row) is var offset && offset == Outside) Fill(target, _rowLength);
                else Row((T*)_source + offset, target);
            }
        }

        private void Row(T* source, T* target)
        {
            foreach (ref readonly var segment in _segments.AsSpan())
            {
                var to = target + segment.Target;
                var bytes = segment.Count * sizeof(T);
                if (segment.Source == Outside) Fill(to, segment.Count);
                else Buffer.MemoryCopy(source + segment.Source, to, bytes, bytes);
            }
        }

        private long SourceOffset(long row)
        {
            long offset = 0;
            for (var axis = _outerMaps.Length - 1; axis >= 0; axis--)
            {
                var map = _outerMaps[axis];
                var index = map[row % map.Length];
                if (index == Outside) return Outside;
                offset += index * _outerStrides[axis];
                row /= map.Length;
            }

            return offset;
        }

        private void Fill(T* target, long count)
        {
            for (; count > int.MaxValue; count -= int.MaxValue, target += int.MaxValue) new Span<T>(target, int.MaxValue).Fill(_value);
            new Span<T>(target, (int)count).Fill(_value);
        }

        private static bool Changes(long[] map, long length) =>
            map.Length != length || map.Where((source, target) => source != target).Any();

        private static Segment[] Segments(long[] map, long chunk)
        {
            var segments = new List<Segment>();
            for (var start = 0; start < map.Length;)
            {
                var end = start + 1;
                while (end < map.Length && map[end] == (map[start] == Outside ? Outside : map[end - 1] + 1)) end++;
                segments.Add(new(map[start] == Outside ? Outside : map[start] * chunk, start * chunk, (end - start) * chunk));
                start = end;
            }

            return [.. segments];
        }
    }
}
