using ServingStack.Compression.Evaluation;
using ServingStack.Training.Data;

namespace ServingStack.Training.Compressing;

/// <summary>What a compressed model is tuned on and judged on.</summary>
/// <param name="Name">The data set's kind, for the lineage.</param>
/// <param name="Training">Null leaves the weights as the decomposition made them.</param>
/// <param name="Validation">Judges each epoch.</param>
/// <param name="Test">Judges the original, the decomposed and the tuned model on our engine.</param>
public sealed record CompressionMaterial(string Name, ITrainingData? Training, ITrainingData Validation, ILabelledRows Test);
