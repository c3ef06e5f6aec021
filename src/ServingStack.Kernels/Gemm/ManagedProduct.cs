using System.Runtime.InteropServices;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Weights of a managed product: column after column, each filled up with zeros to whole vectors; bytes widened to 16 bits.
/// </summary>
internal sealed class ManagedProduct : IDisposable
{
    private readonly NativeBuffer _columns;

    /// <param name="b">K x N, row-major, in the type that goes with <paramref name="activations"/>.</param>
    public ManagedProduct(ReadOnlySpan<byte> b, int outputs, int depth, DataType activations)
    {
        (Outputs, Activations) = (outputs, activations);
        ElementBytes = activations == DataType.Float32 ? sizeof(float) : sizeof(short);
        var lanes = 32 / ElementBytes;
        PaddedDepth = (depth + lanes - 1) / lanes * lanes;
        _columns = new NativeBuffer((long)outputs * PaddedDepth * ElementBytes);
        if (activations == DataType.Float32) Transpose(MemoryMarshal.Cast<byte, float>(b), _columns.Span<float>(), x => x);
        else Transpose(MemoryMarshal.Cast<byte, sbyte>(b), _columns.Span<short>(), x => x);
    }

    public int Outputs { get; }

    public DataType Activations { get; }

    /// <summary>Bytes of an element as it is multiplied.</summary>
    public int ElementBytes { get; }

    public int PaddedDepth { get; }

    public nint Column(int n) => _columns.Address + ((nint)n * PaddedDepth * ElementBytes);

    public void Dispose() => _columns.Dispose();

    private void Transpose<TSource, TTarget>(ReadOnlySpan<TSource> b, Span<TTarget> columns, Func<TSource, TTarget> widen)
    {
        for (var i = 0; i < b.Length; i++) columns[(i % Outputs * PaddedDepth) + (i / Outputs)] = widen(b[i]);
    }
}
