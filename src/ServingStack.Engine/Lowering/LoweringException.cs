namespace ServingStack.Engine.Lowering;

/// <summary>A graph that cannot become a plan of steps at all, not even with fallbacks; the message says why.</summary>
internal sealed class LoweringException(string message) : Exception(message);
