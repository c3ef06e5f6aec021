using ServingStack.Tests.Shared;

namespace ServingStack.Architecture;

/// <summary>The files of this repository as a reader sees them: no build output, nothing that git ignores.</summary>
internal static class Repository
{
    private static readonly HashSet<string> Ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        ".git", ".vs", ".idea", ".vscode", "bin", "obj", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts",
    };

    public static string Root => TestData.RepositoryRoot;

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts));

    /// <summary>Files with one of these endings, as paths relative to the root with forward slashes.</summary>
    public static IEnumerable<string> Files(params string[] endings) =>
        Walk(new DirectoryInfo(Root)).Where(path => Array.Exists(endings, e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Names of the files and folders at the top, without those that git ignores.</summary>
    public static IEnumerable<string> TopLevelNames() =>
        new DirectoryInfo(Root).EnumerateFileSystemInfos().Select(entry => entry.Name).Where(name => !Ignored.Contains(name));

    private static IEnumerable<string> Walk(DirectoryInfo folder) =>
        folder.EnumerateFiles().Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'))
            .Concat(folder.EnumerateDirectories().Where(inner => !Ignored.Contains(inner.Name)).SelectMany(Walk));
}
