using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>
/// Reads one block of memory and writes another in the proportion that an operator does, with no arithmetic: what one core can move at
/// most between memory of those sizes.
/// </summary>
internal sealed class TransferSweep : IDisposable
{
    private const int Vector = 64;
    private const int Together = 4;

    private readonly NativeBuffer _source;
    private readonly NativeBuffer _target;
    private readonly int _readsPerWrite;
    private readonly int _writesPerRead;
    private readonly long _steps;

    public TransferSweep(double read, double written)
    {
        _readsPerWrite = (int)Math.Clamp(Math.Round(read / written), 1, 1 << 20);
        _writesPerRead = (int)Math.Clamp(Math.Round(written / Math.Max(1, read)), 1, 16);
        _steps = (long)Math.Max(1, (read + written) / (Vector * Together * (_readsPerWrite + _writesPerRead)));
        _source = new NativeBuffer(_steps * Together * _readsPerWrite * Vector);
        _target = new NativeBuffer(_steps * Together * _writesPerRead * Vector);
        _source.Bytes.Fill(1);
    }

    public double Bytes => _source.ByteLength + _target.ByteLength;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run()
    {
        ref var source = ref MemoryMarshal.GetReference(_source.Bytes);
        ref var target = ref MemoryMarshal.GetReference(_target.Bytes);
        nuint from = 0, to = 0;
        for (long step = 0; step < _steps; step++)
        {
            var (a, b, c, d) = (Vector512<byte>.Zero, Vector512<byte>.Zero, Vector512<byte>.Zero, Vector512<byte>.Zero);
            for (var i = 0; i < _readsPerWrite; i++, from += Together * Vector)
            {
                a |= Vector512.LoadUnsafe(ref source, from);
                b |= Vector512.LoadUnsafe(ref source, from + Vector);
                c |= Vector512.LoadUnsafe(ref source, from + (2 * Vector));
                d |= Vector512.LoadUnsafe(ref source, from + (3 * Vector));
            }
            for (var i = 0; i < _writesPerRead; i++, to += Together * Vector)
            {
                a.StoreUnsafe(ref target, to);
                b.StoreUnsafe(ref target, to + Vector);
                c.StoreUnsafe(ref target, to + (2 * Vector));
                d.StoreUnsafe(ref target, to + (3 * Vector));
            }
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }
}
