namespace ServingStack.Client;

/// <summary>What to ask of which model.</summary>
public sealed record InferRequest
{
    public required string Model { get; init; }

    /// <summary>The model's version; null leaves the choice to the server (its newest that is ready).</summary>
    public string? Version { get; init; }

    /// <summary>Comes back with the answer; null when nobody needs to tell answers apart.</summary>
    public string? Id { get; init; }

    public required IReadOnlyList<InferTensor> Inputs { get; init; }

    /// <summary>Names of the outputs to answer with; empty means all of them.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>
    /// How long the answer is worth waiting for; null is for ever. The server is told: it refuses a request that it cannot answer in time,
    /// instead of computing what nobody reads any more.
    /// </summary>
    public TimeSpan? Timeout { get; init; }
}
