namespace ServingStack.Compression.Quantization;

/// <summary>How many weights share a scale (Park et al. 2018, section 3.2.2, fine-grain quantization).</summary>
public enum WeightGrain
{
    /// <summary>All of a layer.</summary>
    Tensor,

    /// <summary>Those of one output channel.</summary>
    Channel,
}
