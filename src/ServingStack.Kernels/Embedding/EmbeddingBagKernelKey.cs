namespace ServingStack.Kernels.Embedding;

/// <summary>Everything that the code of an embedding bag is specialised on. Equal keys share one emitted kernel.</summary>
/// <param name="PrefetchDistance">Rows between the one that is asked for and the one that is added; 0 asks for none.</param>
internal sealed record EmbeddingBagKernelKey(EmbeddingBagProblem Problem, int PrefetchDistance)
{
    public string Name => string.Join('_',
        "embeddingbag", Problem.Rows.Name, $"r{Problem.Rows.Stride}", Problem.IndexType.Short(), Problem.Bounds.ToString().ToLowerInvariant(),
        $"{(Problem.Weighted ? "w" : "")}{(Problem.Mean ? "m" : "")}{(Problem.NegativeFromEnd ? "n" : "")}p{PrefetchDistance}");
}
