namespace ServingStack.Compression.Tucker;

/// <summary>A model or a wish that cannot be met by decomposing; the message names the layer and the remedy.</summary>
public sealed class TuckerException(string message) : Exception(message);
