namespace ServingStack.Benchmarks;

/// <summary>All workloads, family by family, in the order of the report.</summary>
internal static class WorkloadTable
{
    public static IEnumerable<KernelWorkload> All =>
    [
        .. GemmWorkloads.Create(only: null),
        .. PairedWorkloads.Create(),
        .. LowBitWorkloads.Create(only: null),
        .. HalfWeightsWorkloads.Create(only: null),
        .. ConvolutionWorkloads.Create(),
        .. TuckerWorkloads.Create(),
        .. EmbeddingWorkloads.Create(),
        .. BandwidthWorkloads.Create(),
        .. LayoutWorkloads.Create(),
        .. RecurrentWorkloads.Create(),
    ];

    /// <summary>The first and the last row of each family: that everything still runs, in a few seconds.</summary>
    public static IEnumerable<KernelWorkload> Smoke =>
        All.GroupBy(w => w.Family).SelectMany(family => new[] { family.First(), family.Last() }.Distinct());

    /// <summary>All GEMM families at one shape.</summary>
    public static IEnumerable<KernelWorkload> Gemm((int M, int N, int K) shape) =>
        [.. GemmWorkloads.Create(shape), .. LowBitWorkloads.Create(shape), .. HalfWeightsWorkloads.Create(shape)];
}
