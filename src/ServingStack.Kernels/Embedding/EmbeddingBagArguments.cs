using System.Runtime.InteropServices;

namespace ServingStack.Kernels.Embedding;

/// <summary>What the code of an embedding bag reads when called: a run of bags.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EmbeddingBagArguments
{
    public nint Table;

    /// <summary>The first bag's first index.</summary>
    public nint Indices;

    /// <summary>The last bag's last index: beyond it nothing may be read to be prefetched.</summary>
    public nint LastIndex;

    /// <summary>The first bag's length or offset.</summary>
    public nint Bounds;
    public nint Weights;
    public nint Output;
    public nint Bags;

    /// <summary>Indices of each bag, where all have as many.</summary>
    public nint IndicesPerBag;
    public nint Rows;
}
