namespace ServingStack.Compression.Quantization;

/// <summary>A quantization that cannot be done as asked: the message names the value, what was expected, and the remedy.</summary>
public sealed class QuantizationException(string message) : Exception(message);
