using System.CommandLine;

namespace ServingStack.Cli.Terminal;

/// <summary>The argument and the options that several commands share.</summary>
internal static class ModelFile
{
    public static Argument<string> Argument() => new("model") { Description = "The ONNX file." };

    public static Option<int> Threads() => new("--threads")
    {
        Description = "Workers that one run is split across; 0 means all that the process may use.",
        DefaultValueFactory = _ => 1,
    };

    /// <summary>Makes the folder of a file that is about to be written.</summary>
    public static string Prepared(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        return path;
    }
}
