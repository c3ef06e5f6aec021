namespace ServingStack.Kernels.Embedding;

/// <summary>A table of Rows rows of Width floats; each of Bags bags has IndicesPerBag indices, and gives one row of Width floats.</summary>
public readonly record struct EmbeddingBagProblem(long Rows, long Width, long Bags, long IndicesPerBag);
