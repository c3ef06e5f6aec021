namespace ServingStack.Client;

/// <summary>A model's answer.</summary>
/// <param name="Model">The model that answered.</param>
/// <param name="Version">The version that answered; empty when the server does not say.</param>
/// <param name="Id">The request's id; null when it had none.</param>
/// <param name="Outputs">The outputs, in the order of the answer.</param>
public sealed record InferResponse(string Model, string Version, string? Id, IReadOnlyList<InferTensor> Outputs)
{
    /// <summary>The output of that name; throws <see cref="KeyNotFoundException"/>, naming those there are, when there is none.</summary>
    public InferTensor Output(string name) => Outputs.FirstOrDefault(output => output.Name == name)
        ?? throw new KeyNotFoundException($"No output '{name}'; the answer has {string.Join(", ", Outputs.Select(o => o.Name))}.");
}
