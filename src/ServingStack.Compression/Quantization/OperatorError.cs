namespace ServingStack.Compression.Quantization;

/// <summary>How well one operator does on quantized numbers while all around it stays exact.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="OpType">The node's operator.</param>
/// <param name="SignalToNoise">
/// 10 log10 of the energy of its exact output over that of the error, in decibels; infinite where there is no error.
/// </param>
public sealed record OperatorError(string Name, string OpType, double SignalToNoise);
