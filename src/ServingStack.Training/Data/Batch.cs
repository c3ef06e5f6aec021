using static TorchSharp.torch;

namespace ServingStack.Training.Data;

/// <summary>Some rows of a data set as tensors: the graph's inputs in order, and the targets.</summary>
public sealed record Batch(IReadOnlyList<Tensor> Inputs, Tensor Targets);
