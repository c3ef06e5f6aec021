namespace ServingStack.LoadTest.Arguments;

/// <summary>Something that the user can mend; the message is one line that names it and the remedy.</summary>
internal sealed class UsageException(string message) : Exception(message);
