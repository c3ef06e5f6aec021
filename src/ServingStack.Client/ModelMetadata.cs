namespace ServingStack.Client;

/// <summary>What a server says of a model.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Versions">The versions that can be asked.</param>
/// <param name="Platform">What runs it.</param>
/// <param name="Inputs">The tensors that it takes.</param>
/// <param name="Outputs">The tensors that it answers with.</param>
/// <param name="Properties">Free text by key; empty when the server sends none.</param>
public sealed record ModelMetadata(
    string Name,
    IReadOnlyList<string> Versions,
    string Platform,
    IReadOnlyList<TensorMetadata> Inputs,
    IReadOnlyList<TensorMetadata> Outputs,
    IReadOnlyDictionary<string, string> Properties);

/// <summary>A model's input or output. An extent of -1 is the caller's choice.</summary>
public sealed record TensorMetadata(string Name, TensorDatatype Datatype, IReadOnlyList<long> Shape);
