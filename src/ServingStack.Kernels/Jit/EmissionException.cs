namespace ServingStack.Kernels.Jit;

/// <summary>A kernel could not be emitted: a defect of its emitter or of the shape asked for, never of the data.</summary>
public sealed class EmissionException(string message, Exception? inner = null) : Exception(message, inner);
