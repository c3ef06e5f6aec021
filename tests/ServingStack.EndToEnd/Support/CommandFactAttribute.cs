namespace ServingStack.EndToEnd.Support;

/// <summary>A test that needs a program of the machine; skipped with the reason where it is not installed.</summary>
internal sealed class CommandFactAttribute : FactAttribute
{
    public CommandFactAttribute(string command)
    {
        if (!IsInstalled(command)) Skip = $"needs the program '{command}', which is not installed here";
    }

    private static bool IsInstalled(string command) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, command)));
}
