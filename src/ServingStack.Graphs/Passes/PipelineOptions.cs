namespace ServingStack.Graphs.Passes;

/// <summary>Which passes run, and how closely they are watched.</summary>
public sealed record PipelineOptions
{
    /// <summary>Names of passes to leave out.</summary>
    public IReadOnlySet<string> DisabledPasses { get; init; } = new HashSet<string>();

    /// <summary>The name of the last pass to run (its first occurrence); null runs all.</summary>
    public string? StopAfter { get; init; }

    /// <summary>Whether the graph is checked after each change; on in debug builds.</summary>
    public bool CheckInvariants { get; init; } = IsDebugBuild;

    private static bool IsDebugBuild =>
#if DEBUG
        true;
#else
        false;
#endif
}
