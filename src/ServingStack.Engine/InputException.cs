namespace ServingStack.Engine;

/// <summary>A request's input that the model cannot take. The message names the input, what it holds, and what was expected.</summary>
public sealed class InputException(string message) : Exception(message);
