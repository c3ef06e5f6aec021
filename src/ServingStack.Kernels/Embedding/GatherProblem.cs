namespace ServingStack.Kernels.Embedding;

/// <summary>
/// Data [Outer, Length, row of RowBytes], Indices index numbers: the output is [Outer, Indices, row]. For an embedding table Outer is 1,
/// Length the number of rows.
/// </summary>
public readonly record struct GatherProblem(long Outer, long Length, long Indices, long RowBytes);
