using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A product in managed code: four rows are read into contiguous scratch, then multiplied with two columns at a time. Runs on any
/// processor;
/// vectors are as wide as the runtime makes them.
/// </summary>
internal sealed unsafe class BoundManagedProduct<TLanes, TInput, TSum> : BoundKernel
    where TLanes : struct, IDotLanes<TInput, TSum>
    where TInput : unmanaged
    where TSum : unmanaged
{
    private const int TileRows = 4;
    private const int TileColumns = 2;
    private const int MostParts = 64;
    private const long MinimumWorkPerPart = 100_000;

    private readonly ManagedProduct _product;
    private readonly ManagedEpilogue _epilogue;
    private readonly RowReader _reader;
    private readonly ManagedOperands _operands;
    // For each part: the rows of a tile, and the sums of all their columns.
    private readonly TInput[] _scratch;
    private readonly TSum[] _sums;
    private readonly int _tiles;

    public BoundManagedProduct(string name, ManagedProduct product, ManagedEpilogue epilogue, RowReader reader, ManagedOperands operands)
    {
        (KernelName, _product, _epilogue, _reader, _operands) = (name, product, epilogue, reader, operands);
        _tiles = (operands.Rows + TileRows - 1) / TileRows;
        var work = (long)operands.Rows * product.Outputs * product.PaddedDepth;
        MaxParts = (int)Math.Clamp(work / MinimumWorkPerPart, 1, Math.Min(_tiles, MostParts));
        _scratch = GC.AllocateArray<TInput>(MaxParts * TileRows * product.PaddedDepth, pinned: true);
        _sums = new TSum[MaxParts * TileRows * product.Outputs];
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var rowElements = _product.PaddedDepth;
        var sums = _sums.AsSpan(part * TileRows * _product.Outputs, TileRows * _product.Outputs);
        var scratch = (TInput*)Marshal.UnsafeAddrOfPinnedArrayElement(_scratch, part * TileRows * rowElements);
        var end = (int)((long)_tiles * (part + 1) / parts);
        for (var tile = (int)((long)_tiles * part / parts); tile < end; tile++)
        {
            var first = tile * TileRows;
            var rows = Math.Min(TileRows, _operands.Rows - first);
            for (var i = 0; i < rows; i++) _reader.Read(first + i, (nint)(scratch + (i * rowElements)));
            for (var n = 0; n < _product.Outputs; n += TileColumns) RunTile(scratch, n, sums);
            for (var i = 0; i < rows; i++) StoreRow(first + i, sums.Slice(i * _product.Outputs, _product.Outputs));
        }
    }

    private void RunTile(TInput* rows, int n, Span<TSum> sums)
    {
        var tile = stackalloc TSum[TileRows * TileColumns];
        var columns = Math.Min(TileColumns, _product.Outputs - n);
        // A missing second column reads the first again; its sums are not kept.
        Multiply(rows, (TInput*)_product.Column(n), (TInput*)_product.Column(n + columns - 1), tile);
        for (var i = 0; i < TileRows; i++)
            for (var j = 0; j < columns; j++)
                sums[(i * _product.Outputs) + n + j] = tile[(i * TileColumns) + j];
    }

    private void Multiply(TInput* rows, TInput* column0, TInput* column1, TSum* sums)
    {
        Vector256<TSum> s00 = default, s01 = default, s10 = default, s11 = default;
        Vector256<TSum> s20 = default, s21 = default, s30 = default, s31 = default;
        var depth = _product.PaddedDepth;
        for (var k = 0; k < depth; k += Vector256<TInput>.Count)
        {
            var b0 = Vector256.Load(column0 + k);
            var b1 = Vector256.Load(column1 + k);
            var a = Vector256.Load(rows + k);
            s00 = TLanes.MultiplyAdd(s00, a, b0);
            s01 = TLanes.MultiplyAdd(s01, a, b1);
            a = Vector256.Load(rows + depth + k);
            s10 = TLanes.MultiplyAdd(s10, a, b0);
            s11 = TLanes.MultiplyAdd(s11, a, b1);
            a = Vector256.Load(rows + (2 * depth) + k);
            s20 = TLanes.MultiplyAdd(s20, a, b0);
            s21 = TLanes.MultiplyAdd(s21, a, b1);
            a = Vector256.Load(rows + (3 * depth) + k);
            s30 = TLanes.MultiplyAdd(s30, a, b0);
            s31 = TLanes.MultiplyAdd(s31, a, b1);
        }
        (sums[0], sums[1], sums[2], sums[3]) = (Vector256.Sum(s00), Vector256.Sum(s01), Vector256.Sum(s10), Vector256.Sum(s11));
        (sums[4], sums[5], sums[6], sums[7]) = (Vector256.Sum(s20), Vector256.Sum(s21), Vector256.Sum(s30), Vector256.Sum(s31));
    }

    private void StoreRow(int row, ReadOnlySpan<TSum> sums)
    {
        var channel = _operands.FirstChannel;
        var output = _operands.C + (row * _operands.StrideC) + (channel * _epilogue.OutputBytes);
        var residual = _operands.Residual + (row * _operands.StrideResidual) + (channel * _epilogue.ResidualBytes);
        if (typeof(TSum) == typeof(float)) _epilogue.StoreRow(MemoryMarshal.Cast<TSum, float>(sums), channel, residual, output);
        else _epilogue.StoreRow(MemoryMarshal.Cast<TSum, int>(sums), channel, residual, output);
    }
}

/// <summary>Where a managed product writes: rows of all channels, of which it computes a run.</summary>
internal readonly record struct ManagedOperands(int Rows, int FirstChannel, nint C, nint StrideC, nint Residual, nint StrideResidual);
