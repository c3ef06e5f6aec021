namespace ServingStack.Kernels.Embedding;

/// <summary>How the indices of a list are dealt out to bags.</summary>
public enum BagBounds
{
    /// <summary>Every bag has as many.</summary>
    Fixed,

    /// <summary>A count for each bag, of the indices' type.</summary>
    Lengths,

    /// <summary>Where each bag begins, and at last where the last one ends: one more than bags, of the indices' type.</summary>
    Offsets,
}
