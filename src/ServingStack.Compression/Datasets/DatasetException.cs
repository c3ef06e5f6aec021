namespace ServingStack.Compression.Datasets;

/// <summary>A data file is missing or malformed; the message names the file, what was found, what was expected, and the remedy.</summary>
public sealed class DatasetException(string message, Exception? inner = null) : Exception(message, inner);
