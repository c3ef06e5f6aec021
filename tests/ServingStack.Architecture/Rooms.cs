namespace ServingStack.Architecture;

/// <summary>The rooms of the house: which assembly may know of which others, and which packages have one room to stay in.</summary>
internal static class Rooms
{
    /// <summary>By short name, what each assembly may reference directly. A new assembly is a new row here.</summary>
    public static IReadOnlyDictionary<string, string[]> MayKnow { get; } = new Dictionary<string, string[]>
    {
        ["Kernels"] = [],
        ["Graphs"] = [],
        ["Engine"] = ["Kernels", "Graphs"],
        ["Zoo"] = ["Graphs"],
        ["Compression"] = ["Graphs", "Engine"],
        ["Training"] = ["Graphs", "Compression", "Zoo"],
        ["Serving"] = ["Engine"],
        ["Server"] = ["Serving"],
        ["Client"] = [],
        ["Cli"] = ["Kernels", "Graphs", "Engine", "Zoo", "Compression", "Training", "Serving", "Client"],
    };

    /// <summary>By the beginning of its name, the assemblies that may use a package (assembly references, not only project files).</summary>
    public static IReadOnlyDictionary<string, string[]> PackageHomes { get; } = new Dictionary<string, string[]>
    {
        ["Iced"] = ["Kernels"],
        ["Microsoft.ML.OnnxRuntime"] = ["Engine"],
        ["TorchSharp"] = ["Training"],
        ["OxyPlot"] = ["Training"],
        ["MathNet.Numerics"] = ["Compression"],
        ["Microsoft.AspNetCore"] = ["Server"],
        ["OpenTelemetry"] = ["Server"],
        ["Grpc.AspNetCore"] = ["Server"],
        ["Grpc.Net.Client"] = ["Client"],
        ["System.CommandLine"] = ["Cli", "Server"],
        ["Spectre.Console"] = ["Cli"],
    };

    /// <summary>Everything that an assembly may reach, directly or through others.</summary>
    public static IReadOnlySet<string> Reach(string room)
    {
        var reached = new HashSet<string>();
        var waiting = new Stack<string>(MayKnow[room]);
        while (waiting.TryPop(out var next))
            if (reached.Add(next))
                foreach (var further in MayKnow[next]) waiting.Push(further);
        return reached;
    }
}
