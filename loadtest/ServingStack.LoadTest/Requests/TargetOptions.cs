namespace ServingStack.LoadTest.Requests;

/// <summary>Which requests go where.</summary>
internal sealed record TargetOptions
{
    public required Protocol Protocol { get; init; }

    public required Uri Url { get; init; }

    public required string Model { get; init; }

    /// <summary>Null leaves it to the server.</summary>
    public string? Version { get; init; }

    /// <summary>Rows in a request.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>By input; what is missing is drawn from what the model states, or its datatype's usual range.</summary>
    public IReadOnlyDictionary<string, InputRange[]> Ranges { get; init; } = new Dictionary<string, InputRange[]>();

    /// <summary>A request as JSON, sent as it is; null to make requests up.</summary>
    public string? RequestFile { get; init; }

    /// <summary>How long an answer is worth waiting for.</summary>
    public required TimeSpan Timeout { get; init; }

    public int Seed { get; init; }
}
