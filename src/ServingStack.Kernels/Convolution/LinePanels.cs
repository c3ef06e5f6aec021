using System.Runtime.CompilerServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The constants of line kernels, block after block: vectors of weights, then of bias (with what the zero point contributes taken off),
/// then of scale. What no channel fills stays zero.
/// </summary>
internal sealed class LinePanels : IDisposable
{
    private const int VectorBytes = 64;

    private readonly int _weightVectors;
    private readonly int _biasVectors;
    private readonly int _scaleVectors;
    private readonly NativeBuffer _memory;

    /// <param name="key">Any block's kernel: all have panels of one size.</param>
    public LinePanels(int blocks, LineKernelKey key)
    {
        _weightVectors = key.Rows * key.RowVectors;
        (_biasVectors, _scaleVectors) = (key.BiasVectors, key.ScaleVectors);
        _memory = new NativeBuffer(Offset(blocks, 0));
    }

    /// <summary>The address of a block's constants.</summary>
    public nint Block(int block) => _memory.Address + (nint)Offset(block, 0);

    public Span<T> WeightSpan<T>(int block) where T : unmanaged =>
        _memory.Span<T>(Offset(block, 0), _weightVectors * VectorBytes / Unsafe.SizeOf<T>());

    public Span<int> BiasSpan(int block) => _memory.Span<int>(Offset(block, _weightVectors), _biasVectors * VectorBytes / sizeof(int));

    public Span<float> ScaleSpan(int block) =>
        _memory.Span<float>(Offset(block, _weightVectors + _biasVectors), _scaleVectors * VectorBytes / sizeof(float));

    public void Dispose() => _memory.Dispose();

    /// <summary>What a scaled sum of the convolution cannot exceed in magnitude; infinite for floats.</summary>
    public static float LargestResult(ConvolutionProblem problem, GemmWeights weights)
    {
        if (problem.Input == DataType.Float32 || weights.Scale.IsEmpty) return float.PositiveInfinity;
        // Bytes without their zero point are at most 255 apart from it, weights at most 128.
        var bias = 0f;
        foreach (var value in weights.IntegerBias.Span) bias = MathF.Max(bias, MathF.Abs(value));
        var scale = 0f;
        foreach (var value in weights.Scale.Span) scale = MathF.Max(scale, MathF.Abs(value));
        var depth = weights.B.Length / problem.OutputChannels;
        return (((float)depth * 255 * 128) + bias) * scale;
    }

    private long Offset(int block, int vector) => (((long)block * (_weightVectors + _biasVectors + _scaleVectors)) + vector) * VectorBytes;
}
