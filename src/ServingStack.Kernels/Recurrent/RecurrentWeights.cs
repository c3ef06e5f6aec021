namespace ServingStack.Kernels.Recurrent;

/// <summary>One direction's weights as ONNX has them.</summary>
/// <param name="W">[gates x hidden, input], row-major.</param>
/// <param name="R">[gates x hidden, hidden], row-major.</param>
/// <param name="Bias">Of the input's product, then of the state's, gates x hidden each; or empty.</param>
public sealed record RecurrentWeights(ReadOnlyMemory<float> W, ReadOnlyMemory<float> R, ReadOnlyMemory<float> Bias);
