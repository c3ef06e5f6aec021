namespace ServingStack.Serving.Repository;

/// <summary>Where models come from.</summary>
public sealed record RepositoryOptions
{
    /// <summary>The folder that holds <c>&lt;name&gt;/&lt;version&gt;/model.onnx</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// How often the folder is looked at for changes; zero for only once, at start. A file is taken up only after it stood unchanged from
    /// one look to the next, so one that is still being copied is left alone.
    /// </summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);
}
