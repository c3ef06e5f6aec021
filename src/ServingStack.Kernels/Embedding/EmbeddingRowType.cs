namespace ServingStack.Kernels.Embedding;

/// <summary>How the numbers of an embedding row are stored.</summary>
public enum EmbeddingRowType
{
    Float32,
    Float16,

    /// <summary>u8 codes, each code * scale + bias with a scale and a bias of the row's own.</summary>
    Int8,

    /// <summary>4-bit codes with a scale and a bias of the row's own.</summary>
    Int4,
}
