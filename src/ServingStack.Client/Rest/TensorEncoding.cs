namespace ServingStack.Client.Rest;

/// <summary>How tensors travel over REST.</summary>
public enum TensorEncoding
{
    /// <summary>Raw bytes after the JSON (the <c>binary_tensor_data</c> extension): exact, and several times faster.</summary>
    Binary,

    /// <summary>Numbers in the JSON, which every server reads. Has no FP16 and BF16, and no NaN.</summary>
    Json,
}
