namespace ServingStack.Server.Options;

/// <summary>
/// Every option in one place. The key in configuration is <c>ServingStack:Name</c>, so the same option is a switch, an environment variable
/// (<c>ServingStack__Name</c>) and a line of <c>appsettings.json</c>. A new option is a property of <see cref="ServerOptions"/> and a row
/// here.
/// </summary>
internal static class OptionTable
{
    public const string Section = "ServingStack";

    public static IReadOnlyList<(string Switch, string Value, string Key, string Help)> Rows { get; } =
    [
        ("--model-repository", "DIR", nameof(ServerOptions.ModelRepository),
            "Folder of models, NAME/VERSION/model.onnx (default: deploy/models)"),
        ("--address", "IP", nameof(ServerOptions.Address), "Address to listen on; 0.0.0.0 for every network (default: 127.0.0.1)"),
        ("--http-port", "PORT", nameof(ServerOptions.HttpPort), "Port of REST, /metrics and /scalar; 0 for any free one (default: 8000)"),
        ("--grpc-port", "PORT", nameof(ServerOptions.GrpcPort), "Port of gRPC; 0 for any free one (default: 8001)"),
        ("--max-request-bytes", "N", nameof(ServerOptions.MaxRequestBytes), "Largest request after decompression (default: 67108864)"),
        ("--poll-seconds", "S", nameof(ServerOptions.PollSeconds), "Seconds between looks for new models; 0 for never again (default: 2)"),
        ("--stop-seconds", "S", nameof(ServerOptions.StopSeconds), "Seconds that requests under way get on shutdown (default: 30)"),
    ];

    // What ASP.NET Core's host reads from the command line by itself.
    private static readonly string[] HostSwitches = ["--environment", "--contentRoot", "--applicationName", "--urls"];

    /// <summary>The switches, mapped to their configuration keys.</summary>
    public static Dictionary<string, string> Mappings => Rows.ToDictionary(r => r.Switch, r => $"{Section}:{r.Key}");

    public static bool AsksForHelp(IEnumerable<string> args) => args.Any(a => a is "--help" or "-h" or "-?");

    /// <summary>What is wrong with the command line itself, or null.</summary>
    public static string? FaultIn(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            var name = args[i].Split('=')[0];
            if (!name.StartsWith("--", StringComparison.Ordinal)) return $"'{args[i]}' is no option. Try --help.";
            if (!IsKnown(name)) return $"There is no option {name}. Try --help.";
            if (args[i].Contains('=')) continue;
            if (i + 1 == args.Count || args[i + 1].StartsWith("--", StringComparison.Ordinal)) return $"{name} needs a value. Try --help.";
            i++;
        }
        return null;
    }

    public static string Help { get; } = $$"""
        ServingStack serves ONNX models over the Open Inference Protocol, in batches, on the CPU.

        Usage: dotnet run -c Release --project src/ServingStack.Server [-- OPTION VALUE ...]

        {{string.Join(Environment.NewLine, Rows.Select(r => $"  {r.Switch + " " + r.Value,-24} {r.Help}"))}}
          --help                   This text

        An option can also be set as an environment variable, {{Section}}__HttpPort=9000, or in appsettings.json,
        "{{Section}}": { "HttpPort": 9000 }. A switch wins over the environment, and that over the file.

        A model is a folder:    NAME/1/model.onnx       the newest version that loads is served
        and may hold settings:  NAME/model.json         such as { "max_batch_size": 32, "max_queue_delay_microseconds": 500 }
        Add, replace or remove folders while the server runs: it follows.

        Then ask:  curl http://127.0.0.1:8000/v2/models
        """;

    /// <summary>Reads the options; the default repository is looked for in <paramref name="folders"/> and above them.</summary>
    public static bool TryRead(
        IConfiguration configuration, out ServerOptions options, out IReadOnlyList<string> faults, params string[] folders)
    {
        options = new();
        try
        {
            options = configuration.GetSection(Section).Get<ServerOptions>() ?? options;
            var repository = options.ModelRepository.Length > 0
                ? Path.GetFullPath(options.ModelRepository)
                : folders.SelectMany(SelfAndParents).FirstOrDefault(Directory.Exists) ?? "";
            options = options with { ModelRepository = repository };
            faults = [.. options.Faults()];
        }
        catch (InvalidOperationException e)
        {
            // The binder names the key and the value that it cannot convert.
            faults = [$"{e.Message} {e.InnerException?.Message} Try --help."];
        }
        return faults.Count == 0;
    }

    private static bool IsKnown(string name) =>
        Rows.Any(r => r.Switch == name) || HostSwitches.Contains(name) || name.Contains(':');

    private static IEnumerable<string> SelfAndParents(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            yield return Path.Combine(at.FullName, "deploy", "models");
    }
}
