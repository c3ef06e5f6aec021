using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Gemm;

/// <summary>A managed 4-bit product bound to memory: a few rows are read, then each column is unpacked once and multiplied with all of them.</summary>
internal sealed unsafe class BoundManagedLowBit : BoundKernel
{
    private const int TileRows = 16;
    private const long MinimumWorkPerPart = 100_000;

    private readonly ManagedLowBit _product;
    private readonly GemmOperands _operands;
    private readonly int _tiles;
    private readonly int _rowBytes;
    private readonly int _weightBytes;
    // For each part: the rows of a tile and one column, as signed bytes; a tile's sums; the sums of each row's blocks.
    private readonly sbyte[] _bytes;
    private readonly float[] _sums;
    private readonly int[] _blockSums;

    public BoundManagedLowBit(ManagedLowBit product, GemmOperands operands)
    {
        (_product, _operands) = (product, operands);
        var problem = product.Problem;
        _tiles = (operands.M + TileRows - 1) / TileRows;
        // Blocks but the last are whole vectors.
        _rowBytes = RoundUp(problem.K);
        _weightBytes = RoundUp((int)Math.Max(_rowBytes, problem.Blocks * 2L * Nibbles.BytesFor(problem.Block)));
        var work = (long)operands.M * problem.N * problem.K;
        MaxParts = (int)Math.Clamp(work / MinimumWorkPerPart, 1, Math.Min(_tiles, Environment.ProcessorCount));
        _bytes = GC.AllocateArray<sbyte>(MaxParts * ((TileRows * _rowBytes) + _weightBytes), pinned: true);
        _sums = new float[MaxParts * TileRows * problem.N];
        _blockSums = new int[MaxParts * TileRows * problem.Blocks];
    }

    public override string KernelName => ManagedLowBit.Row;

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var problem = _product.Problem;
        var rows = (sbyte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, part * ((TileRows * _rowBytes) + _weightBytes));
        var sums = _sums.AsSpan(part * TileRows * problem.N, TileRows * problem.N);
        var blockSums = _blockSums.AsSpan(part * TileRows * problem.Blocks, TileRows * problem.Blocks);
        Span<float> steps = stackalloc float[TileRows];
        var end = (int)((long)_tiles * (part + 1) / parts);
        for (var tile = (int)((long)_tiles * part / parts); tile < end; tile++)
        {
            var first = tile * TileRows;
            var count = Math.Min(TileRows, _operands.M - first);
            for (var i = 0; i < count; i++)
            {
                steps[i] = LowBitRows.Quantize(problem.A, _operands.A + ((first + i) * _operands.StrideA), problem.K, rows + (i * _rowBytes));
                SumBlocks(rows + (i * _rowBytes), blockSums.Slice(i * problem.Blocks, problem.Blocks));
            }
            for (var n = 0; n < problem.N; n++) RunColumn(rows, count, n, steps, blockSums, sums);
            for (var i = 0; i < count; i++) StoreRow(first + i, sums.Slice(i * problem.N, problem.N));
        }
    }

    private static int RoundUp(int count) => (count + Vector128<sbyte>.Count - 1) / Vector128<sbyte>.Count * Vector128<sbyte>.Count;

    private void SumBlocks(sbyte* row, Span<int> sums)
    {
        for (var b = 0; b < sums.Length; b++)
            sums[b] = LowBitRows.Sum(row + (b * _product.Problem.Block), Math.Min(_product.Problem.Block, _rowBytes - (b * _product.Problem.Block)));
    }

    private void RunColumn(
        sbyte* rows, int count, int n, ReadOnlySpan<float> steps, ReadOnlySpan<int> blockSums, Span<float> sums)
    {
        var problem = _product.Problem;
        var weights = rows + (TileRows * _rowBytes);
        Unpack(n, weights);
        for (var i = 0; i < count; i++)
        {
            var row = rows + (i * _rowBytes);
            var sum = Blocks(row, weights, n, blockSums.Slice(i * problem.Blocks, problem.Blocks)) + Outliers(row, _product.Outliers[n]);
            var scale = problem.A == DataType.Float32 ? steps[i] : _product.Scales[n];
            sums[(i * problem.N) + n] = MathF.FusedMultiplyAdd(sum, scale, _product.Bias[n]);
        }
    }

    /// <summary>A column's weights, 8 less, from the first block to the last; blocks of an odd length end with a number to be skipped.</summary>
    private void Unpack(int n, sbyte* weights)
    {
        var problem = _product.Problem;
        var bytes = (int)(problem.Blocks * Nibbles.BytesFor(problem.Block));
        fixed (byte* packed = &_product.Packed[n * bytes])
        {
            var i = 0;
            for (; i <= bytes - Vector128<byte>.Count; i += Vector128<byte>.Count)
            {
                var pairs = Vector128.Load(packed + i);
                var (low, high) = (pairs & Vector128.Create((byte)15), Vector128.ShiftRightLogical(pairs, 4));
                var (lower, upper) = (Vector256.WidenLower(low.ToVector256Unsafe()), Vector256.WidenLower(high.ToVector256Unsafe()));
                var both = (lower | (upper << 8)).AsSByte() - Vector256.Create((sbyte)8);
                both.Store(weights + (2 * i));
            }
            for (; i < bytes; i++) (weights[2 * i], weights[(2 * i) + 1]) = ((sbyte)((packed[i] & 15) - 8), (sbyte)((packed[i] >> 4) - 8));
        }
    }

    private float Blocks(sbyte* row, sbyte* weights, int n, ReadOnlySpan<int> blockSums)
    {
        var problem = _product.Problem;
        var sum = 0f;
        for (var b = 0; b < problem.Blocks; b++)
        {
            var start = b * problem.Block;
            var scale = _product.BlockScales[(n * problem.Blocks) + b];
            sum = MathF.FusedMultiplyAdd(Dot(row + start, weights + start, Math.Min(problem.Block, _rowBytes - start)), scale, sum);
            if (problem.HasZeroPoints)
                sum = MathF.FusedMultiplyAdd(blockSums[b], (8 - _product.BlockZeroPoints[(n * problem.Blocks) + b]) * scale, sum);
        }
        return sum;
    }

    // Rows are filled up with zeros, so whatever weights they meet there add nothing.
    private static int Dot(sbyte* row, sbyte* weights, int count)
    {
        var sums = Vector256<int>.Zero;
        for (var k = 0; k < count; k += Vector128<sbyte>.Count) sums = ShortLanes.MultiplyAdd(sums, Widen(row + k), Widen(weights + k));
        return Vector256.Sum(sums);
    }

    private static Vector256<short> Widen(sbyte* bytes) =>
        Vector256.Create(Vector128.WidenLower(Vector128.Load(bytes)), Vector128.WidenUpper(Vector128.Load(bytes)));

    private static float Outliers(sbyte* row, uint[] words)
    {
        var (a, b, c, d) = (0f, 0f, 0f, 0f);
        for (var i = 0; i < words.Length; i++)
            (a, b, c, d) = (b, c, d, MathF.FusedMultiplyAdd(row[Outlier.RowOf(words[i])], Outlier.ValueOf(words[i]), a));
        // The four sums have gone round; bring the first one to the front again.
        for (var i = words.Length; i % 4 != 0; i++) (a, b, c, d) = (b, c, d, a);
        return a + b + (c + d);
    }

    private void StoreRow(int row, ReadOnlySpan<float> sums) => _product.Epilogue.StoreRow(
        sums, channel: 0, _operands.Residual + (row * _operands.StrideResidual), _operands.C + (row * _operands.StrideC));
}
