using ServingStack.Graphs;
using ServingStack.Kernels;

namespace ServingStack.Benchmarks;

/// <summary>One problem, for us and for ONNX Runtime: the same numbers, the same arithmetic.</summary>
internal sealed record KernelWorkload
{
    /// <summary>For example <c>gemm-int8</c>.</summary>
    public required string Family { get; init; }

    /// <summary>For people and filters.</summary>
    public required string Shape { get; init; }

    /// <summary>A multiply-add counts as two.</summary>
    public required double Operations { get; init; }

    /// <summary>What holds the kernel back on an ideal machine; its peak is measured in the same run.</summary>
    public required Limit Limit { get; init; }

    /// <summary>Bytes that must be read and written; for rows that <see cref="Limit.Memory"/> holds back.</summary>
    public double Bytes { get; init; }

    /// <summary>Bytes that are written, of <see cref="Bytes"/>: the limit's sweep then reads and writes in that proportion.</summary>
    public double BytesWritten { get; init; }

    /// <summary>For rows that <see cref="Limit.Gather"/> holds back.</summary>
    public GatherShape? Gather { get; init; }

    /// <summary>Our kernel on memory that lives as long as the arena.</summary>
    public required Func<BenchmarkArena, BoundKernel> Bind { get; init; }

    /// <summary>A model whose only inputs are the activations; null where ONNX has no such operator.</summary>
    public Func<Graph>? Graph { get; init; }

    /// <summary>The work that counts against the limit, in the limit's unit.</summary>
    public double LimitedWork => Limit switch
    {
        Limit.Memory => Bytes,
        Limit.Gather => Gather!.Lookups,
        _ => Operations,
    };
}

/// <summary>Rows read at random places.</summary>
internal sealed record GatherShape(long Rows, int RowBytes, int Stride, int Lookups);
