namespace ServingStack.Kernels.Embedding;

/// <summary>Everything that the code of an embedding bag is specialised on. Equal keys share one emitted kernel.</summary>
internal sealed record EmbeddingBagKernelKey(EmbeddingBagProblem Problem, RowPrefetch Prefetch)
{
    public string Name => string.Join('_',
        "embeddingbag", Problem.Rows.Name, $"r{Problem.Rows.Stride}", Problem.IndexType.Short(), Problem.Bounds.ToString().ToLowerInvariant(),
        $"{(Problem.Weighted ? "w" : "")}{(Problem.Mean ? "m" : "")}{(Problem.NegativeFromEnd ? "n" : "")}{Prefetch}");
}
