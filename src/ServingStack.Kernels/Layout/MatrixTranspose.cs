using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Layout;

/// <summary>
/// Transposes a matrix in memory: <c>target[r * targetStride + c] = source[c * sourceStride + r]</c>, strides in elements. Elements
/// of 1 and 4 bytes go in tiles of whole cache lines where they fit (<see cref="WideTiles"/>), then of 8 x 8 bytes and 4 x 4 words; three
/// columns as triples, four as quadruples; what is left over one by one.
/// </summary>
internal static unsafe class MatrixTranspose
{
    // A tile's source lines are used up while they are in the L1 cache even where the stride maps them all to one set.
    private const int BytesOfLine = 64;

    // Of a source line, for wide tiles: neighbouring cache lines, which the processor fetches together.
    private const int BytesOfBand = 256;

    public static void Run<T>(T* source, long sourceStride, T* target, long targetStride, long rows, long columns)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (columns == 3 && targetStride == 3)
        {
            var done = Interleave<T>.Triples(source, sourceStride, target, rows);
            OneByOne(source, sourceStride, target, targetStride, done, rows, 0, columns);
            return;
        }

        if (columns == 4 && targetStride == 4 && Zip.IsSupported && rows >= QuadruplesAtOnce<T>())
        {
            Quadruples(source, sourceStride, target, rows);
            return;
        }

        var (wideRows, wideColumns) = (rows - (rows % WideTiles.Rows), WideColumns<T>(columns));
        if (wideRows == 0 || wideColumns == 0)
        {
            SmallTiles(source, sourceStride, target, targetStride, rows, columns);
            return;
        }

        for (long r0 = 0; r0 < wideRows; r0 += Band<T>())
        {
            var end = Math.Min(r0 + Band<T>(), wideRows);
            for (long c = 0; c < wideColumns; c += WideTiles.Columns<T>())
                for (var r = r0; r < end; r += WideTiles.Rows)
                    WideTiles.Tile(source + (c * sourceStride) + r, sourceStride, target + (r * targetStride) + c, targetStride);
        }

        SmallTiles(source + (wideColumns * sourceStride), sourceStride, target + wideColumns, targetStride, wideRows, columns - wideColumns);
        SmallTiles(source + wideRows, sourceStride, target + (wideRows * targetStride), targetStride, rows - wideRows, columns);
    }

    private static long WideColumns<T>(long columns)
        where T : unmanaged =>
        WideTiles.IsSupported && WideTiles.Columns<T>() is > 0 and var width ? columns - (columns % width) : 0;

    private static long Band<T>()
        where T : unmanaged => BytesOfBand / sizeof(T);

    private static void SmallTiles<T>(T* source, long sourceStride, T* target, long targetStride, long rows, long columns)
        where T : unmanaged
    {
        var side = Zip.IsSupported ? TileSide<T>() : 0;
        var tiledRows = side == 0 ? 0 : rows - (rows % side);
        var tiledColumns = side == 0 ? 0 : columns - (columns % side);
        long band = BytesOfLine / sizeof(T);
        for (long r0 = 0; r0 < tiledRows; r0 += band)
        {
            var end = Math.Min(r0 + band, tiledRows);
            for (long c = 0; c < tiledColumns; c += side)
                for (var r = r0; r < end; r += side)
                    Tile(source + (c * sourceStride) + r, sourceStride, target + (r * targetStride) + c, targetStride);
        }

        OneByOne(source, sourceStride, target, targetStride, 0, tiledRows, tiledColumns, columns);
        OneByOne(source, sourceStride, target, targetStride, tiledRows, rows, 0, columns);
    }

    /// <summary>Four source lines to quadruples; the last few are written once more with those before them.</summary>
    private static void Quadruples<T>(T* source, long sourceStride, T* target, long rows)
        where T : unmanaged
    {
        var step = QuadruplesAtOnce<T>();
        for (long r = 0; r < rows; r += step)
        {
            var first = Math.Min(r, rows - step);
            if (sizeof(T) == 1) QuadruplesOfBytes((byte*)source + first, sourceStride, (byte*)target + (4 * first));
            else TileOfWords((uint*)source + first, sourceStride, (uint*)target + (4 * first), 4);
        }
    }

    private static long QuadruplesAtOnce<T>()
        where T : unmanaged => sizeof(T) switch { 1 => 16, 4 => 4, _ => long.MaxValue };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QuadruplesOfBytes(byte* source, long stride, byte* target)
    {
        var (a, b) = (Vector128.Load(source), Vector128.Load(source + stride));
        var (c, d) = (Vector128.Load(source + (2 * stride)), Vector128.Load(source + (3 * stride)));
        var (ab, cd) = (Zip.Lower(a, b).AsUInt16(), Zip.Lower(c, d).AsUInt16());
        Zip.Lower(ab, cd).AsByte().Store(target);
        Zip.Upper(ab, cd).AsByte().Store(target + 16);
        (ab, cd) = (Zip.Upper(a, b).AsUInt16(), Zip.Upper(c, d).AsUInt16());
        Zip.Lower(ab, cd).AsByte().Store(target + 32);
        Zip.Upper(ab, cd).AsByte().Store(target + 48);
    }

    private static int TileSide<T>()
        where T : unmanaged => sizeof(T) switch { 1 => 8, 4 => 4, _ => 0 };

    private static void OneByOne<T>(
        T* source, long sourceStride, T* target, long targetStride, long firstRow, long lastRow, long firstColumn, long lastColumn)
        where T : unmanaged
    {
        for (var r = firstRow; r < lastRow; r++)
            for (var c = firstColumn; c < lastColumn; c++)
                target[(r * targetStride) + c] = source[(c * sourceStride) + r];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<T>(T* source, long sourceStride, T* target, long targetStride)
        where T : unmanaged
    {
        if (sizeof(T) == 1) TileOfBytes((byte*)source, sourceStride, (byte*)target, targetStride);
        else TileOfWords((uint*)source, sourceStride, (uint*)target, targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TileOfWords(uint* source, long sourceStride, uint* target, long targetStride)
    {
        var a = Vector128.Load(source);
        var b = Vector128.Load(source + sourceStride);
        var c = Vector128.Load(source + (2 * sourceStride));
        var d = Vector128.Load(source + (3 * sourceStride));
        var ab = Zip.Lower(a, b).AsUInt64();
        var cd = Zip.Lower(c, d).AsUInt64();
        Zip.Lower(ab, cd).AsUInt32().Store(target);
        Zip.Upper(ab, cd).AsUInt32().Store(target + targetStride);
        ab = Zip.Upper(a, b).AsUInt64();
        cd = Zip.Upper(c, d).AsUInt64();
        Zip.Lower(ab, cd).AsUInt32().Store(target + (2 * targetStride));
        Zip.Upper(ab, cd).AsUInt32().Store(target + (3 * targetStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TileOfBytes(byte* source, long sourceStride, byte* target, long targetStride)
    {
        // Pairs of source lines, then quadruples, then all eight: a 64-bit half is a target row at last.
        var l01 = PairOfLines(source, sourceStride);
        var l23 = PairOfLines(source + (2 * sourceStride), sourceStride);
        var l45 = PairOfLines(source + (4 * sourceStride), sourceStride);
        var l67 = PairOfLines(source + (6 * sourceStride), sourceStride);
        var low = Zip.Lower(l01, l23).AsUInt32();
        var high = Zip.Lower(l45, l67).AsUInt32();
        StorePair(Zip.Lower(low, high), target, targetStride);
        StorePair(Zip.Upper(low, high), target + (2 * targetStride), targetStride);
        low = Zip.Upper(l01, l23).AsUInt32();
        high = Zip.Upper(l45, l67).AsUInt32();
        StorePair(Zip.Lower(low, high), target + (4 * targetStride), targetStride);
        StorePair(Zip.Upper(low, high), target + (6 * targetStride), targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> PairOfLines(byte* source, long stride) =>
        Zip.Lower(Line(source), Line(source + stride)).AsUInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Line(byte* source) => Vector128.CreateScalarUnsafe(*(ulong*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(Vector128<uint> rows, byte* target, long stride)
    {
        *(ulong*)target = rows.AsUInt64().GetElement(0);
        *(ulong*)(target + stride) = rows.AsUInt64().GetElement(1);
    }
}
