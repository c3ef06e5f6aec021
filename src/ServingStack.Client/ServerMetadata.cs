namespace ServingStack.Client;

/// <summary>What a server says of itself.</summary>
public sealed record ServerMetadata(string Name, string Version, IReadOnlyList<string> Extensions);
