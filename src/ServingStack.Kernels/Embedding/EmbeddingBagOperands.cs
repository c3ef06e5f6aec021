namespace ServingStack.Kernels.Embedding;

/// <summary>The memory of an embedding bag.</summary>
/// <param name="Table">The first row.</param>
/// <param name="Rows">Rows of the table.</param>
/// <param name="Indices">All bags' indices, one bag after the other.</param>
/// <param name="IndexCount">Of all bags together.</param>
/// <param name="Output">Each bag's numbers, dense fp32.</param>
public readonly record struct EmbeddingBagOperands(nint Table, long Rows, nint Indices, long IndexCount, long Bags, nint Output)
{
    /// <summary>Lengths or offsets; not read where bags are of fixed size.</summary>
    public nint Bounds { get; init; }

    /// <summary>One fp32 number an index; not read where the problem is not weighted.</summary>
    public nint Weights { get; init; }

    /// <exception cref="ArgumentException">Memory that is missing, or numbers that do not fit each other.</exception>
    internal void Check(EmbeddingBagProblem problem)
    {
        problem.Check();
        if (Rows < 0 || IndexCount < 0 || Bags < 0)
            throw new ArgumentException($"An embedding bag with {Rows} rows, {IndexCount} indices, {Bags} bags: expected 0 or more.");
        if (problem.IndexType == DataType.Int32 && Rows > int.MaxValue)
            throw new ArgumentException($"A table of {Rows} rows by Int32 indices: they reach {int.MaxValue}. Use Int64.");
        if (problem.Bounds == BagBounds.Fixed && IndexCount % Math.Max(1, Bags) != 0)
            throw new ArgumentException($"{IndexCount} indices for {Bags} bags of equal size: expected a multiple.");
        CheckAddress(Table, Rows > 0, "table");
        CheckAddress(Indices, IndexCount > 0, "indices");
        CheckAddress(Output, Bags > 0, "output");
        CheckAddress(Bounds, problem.Bounds != BagBounds.Fixed && Bags > 0, "lengths or offsets");
        CheckAddress(Weights, problem.Weighted && IndexCount > 0, "weights");
    }

    private static void CheckAddress(nint address, bool needed, string what)
    {
        if (needed && address == 0) throw new ArgumentException($"An embedding bag without {what}: expected an address.");
    }
}
