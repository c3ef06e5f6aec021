namespace ServingStack.Kernels.Embedding;

/// <summary>Why a bag was refused before any row was read.</summary>
/// <param name="What"><c>index</c>, <c>length</c> or <c>offset</c>.</param>
/// <param name="Position">Of the value in its list.</param>
/// <param name="Least">The least value that would have done.</param>
/// <param name="Most">The greatest value that would have done.</param>
public sealed record EmbeddingFault(string What, long Position, long Value, long Least, long Most)
{
    /// <summary>For the caller who sent the value.</summary>
    public string Message => $"Embedding {What} {Value} at position {Position} is out of range: expected {Least} .. {Most}"
        + (What == "index" ? $" for a table of {Most + 1} rows." : ".");
}
