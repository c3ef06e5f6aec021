namespace ServingStack.Tests.Shared;

/// <summary>
/// Where the large data sets and models are that tests use but do not ship: <c>SERVINGSTACK_DATA</c>, else <c>../shared/data</c> beside the
/// repository.
/// </summary>
internal static class TestData
{
    /// <summary>The repository's root: the nearest folder upwards that holds the solution.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>The data folder, or null where there is none.</summary>
    public static string? Folder { get; } = FindFolder();

    /// <summary>The path of a data file; only for tests marked with <see cref="DataFactAttribute"/> or <see cref="DataTheoryAttribute"/>.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([Folder ?? throw new InvalidOperationException("No data folder."), .. parts]);

    private static string? FindFolder()
    {
        var named = Environment.GetEnvironmentVariable("SERVINGSTACK_DATA");
        var folder = string.IsNullOrEmpty(named) ? System.IO.Path.Combine(RepositoryRoot, "..", "shared", "data") : named;
        return Directory.Exists(folder) ? System.IO.Path.GetFullPath(folder) : null;
    }

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "ServingStack.sln"))) return folder.FullName;
        throw new InvalidOperationException($"No ServingStack.sln above {AppContext.BaseDirectory}.");
    }
}

/// <summary>A test that needs the data folder; skipped with the reason where there is none.</summary>
internal sealed class DataFactAttribute : FactAttribute
{
    public DataFactAttribute() => Skip = DataNeeded.Reason;
}

/// <summary>A theory that needs the data folder; skipped with the reason where there is none.</summary>
internal sealed class DataTheoryAttribute : TheoryAttribute
{
    public DataTheoryAttribute() => Skip = DataNeeded.Reason;
}

internal static class DataNeeded
{
    public static string? Reason { get; } = TestData.Folder is null
        ? "needs the data folder: set SERVINGSTACK_DATA, or put it at ../shared/data beside the repository"
        : null;
}
