using System.CommandLine;
using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Requests;

namespace ServingStack.LoadTest.Arguments;

/// <summary>The command line: every option is a field here, read in <see cref="Read"/>.</summary>
internal static class LoadTestCommand
{
    private const string Summary = """
        Sends inference requests to a server at random moments (a Poisson process) that do not wait for answers,
        and says how long callers wait.

        Latency counts from the moment a request was due, so a server that stalls cannot hide it, nor can a late generator.
        The exit code is 0, or 1 when a stated bound is missed or nothing was answered, or 2 when the load cannot be run.

        "loadtest" below stands for: dotnet run -c Release --project loadtest/ServingStack.LoadTest --

        200 requests a second for 30 seconds:
          loadtest --model fashion_resnet_int8 --rate 200
        half of what the server can do, over gRPC, failing on an error or a p99 above 15 ms:
          loadtest --model fashion_resnet_int8 --protocol grpc --rate 50% --max-p99 15ms --max-errors 0
        what the server can do; or can do while p99 stays within 10 ms:
          loadtest --model fashion_resnet_int8 --find-peak
          loadtest --model fashion_resnet_int8 --find-peak --max-p99 10ms
        a request of your own, or values in a range:
          loadtest --model adult_recommender --request docs/examples/adult.json
          loadtest --model NAME --input-range ids=0:999 --input-range image=-1:1
        """;

    private static readonly Dictionary<string, Protocol> Protocols = new()
    {
        ["rest"] = Protocol.Rest,
        ["rest-json"] = Protocol.RestJson,
        ["grpc"] = Protocol.Grpc,
    };

    private static readonly Option<string?> Model = Text("--model", "The model to ask.");
    private static readonly Option<string?> Version = Text("--version", "Its version; the server's newest where left out.");
    private static readonly Option<string?> ProtocolName = Text(
        "--protocol", "rest (tensors as bytes), rest-json (as numbers), or grpc.", "rest");
    private static readonly Option<string?> Url = Text("--url", "The server; http://127.0.0.1:8000, for grpc :8001, where left out.");
    private static readonly Option<string?> Rate = Text(
        "--rate", "Requests a second, such as 200, or a share of the peak, such as 50%, which is found first.", "100");


    private static readonly Option<string?> Time = Text("--duration", "How long to measure.", "30s");
    private static readonly Option<string?> WarmUp = Text("--warm-up", "How long to send before anything counts.", "2s");
    private static readonly Option<string?> Timeout = Text(
        "--timeout", "How long a request waits for its answer; the server is told.", "10s");
    private static readonly Option<int> Batch = Number("--batch", "Rows in a request.", 1);
    private static readonly Option<int> Seed = Number("--seed", "Draws moments and inputs: the same seed, the same load.", 1);
    private static readonly Option<string[]> Ranges = new("--input-range")
    {
        Description = "Values of an input, NAME=LOW:HIGH, or one range for each column, NAME=0:8,0:16. May be given again.",
    };

    private static readonly Option<string?> RequestFile = Text("--request", "A JSON file as one would post it, sent as it is.");
    private static readonly Option<bool> FindPeak = new(
        "--find-peak")
    { Description = "Only find the peak rate; with --max-p99 the peak within it." };
    private static readonly Option<string?> Step = Text("--step", "How long each step of the search for the peak runs.", "3s");
    private static readonly Option<int> MaxInFlight = Number(
        "--max-in-flight", "Requests beyond this many without an answer count as errors, unsent.", 4096);


    private static readonly Option<string?> MaxP99 = Text("--max-p99", "Fails when p99 of the latency is above, such as 15ms.");
    private static readonly Option<long?> MaxErrors = new(
        "--max-errors")
    { Description = "Fails when more requests than this have no good answer." };
    private static readonly Option<double?> MinRate = new("--min-rate") { Description = "Fails when fewer good answers a second come." };
    private static readonly Option<string?> Json = Text("--json", "Writes the result to this file.");
    private static readonly Option<string?> Hgrm = Text(
        "--hgrm", "Writes the latency distribution to this file, as HdrHistogram's plotter reads it.");

    /// <summary>The command, which hands what it read to <paramref name="run"/>.</summary>
    public static RootCommand Create(Func<LoadOptions, CancellationToken, Task<int>> run)
    {
        var command = new RootCommand(Summary)
        {
            Model, Version, ProtocolName, Url, Rate, Time, WarmUp, Timeout, Batch, Seed, Ranges, RequestFile,
            FindPeak, Step, MaxInFlight, MaxP99, MaxErrors, MinRate, Json, Hgrm,
        };
        // "--version" is the model's, as it is beside "--model" everywhere; the library's own would hide it.
        foreach (var own in command.Options.OfType<VersionOption>().ToArray()) command.Options.Remove(own);
        command.SetAction((arguments, cancellation) => run(Read(arguments), cancellation));
        return command;
    }

    /// <summary>Throws <see cref="UsageException"/> on the first value that cannot be meant.</summary>
    private static LoadOptions Read(ParseResult arguments) => new()
    {
        Target = ReadTarget(arguments),
        Rate = LoadRate.Parse(arguments.GetValue(Rate)!),
        Duration = Duration.Parse(Time.Name, arguments.GetValue(Time)!),
        WarmUp = Duration.Parse(WarmUp.Name, arguments.GetValue(WarmUp)!, mayBeZero: true),
        Step = Duration.Parse(Step.Name, arguments.GetValue(Step)!),
        FindPeakOnly = arguments.GetValue(FindPeak),
        MaxInFlight = Positive(arguments, MaxInFlight),
        Bounds = ReadBounds(arguments),
        JsonFile = arguments.GetValue(Json),
        HistogramFile = arguments.GetValue(Hgrm),
    };

    private static TargetOptions ReadTarget(ParseResult arguments)
    {
        var name = arguments.GetValue(ProtocolName)!;
        if (!Protocols.TryGetValue(name, out var protocol))
            throw new UsageException($"--protocol is '{name}': give {string.Join(" or ", Protocols.Keys)}.");
        return new()
        {
            Protocol = protocol,
            Url = ReadUrl(arguments.GetValue(Url) ?? (protocol == Protocol.Grpc ? "http://127.0.0.1:8001" : "http://127.0.0.1:8000")),
            Model = arguments.GetValue(Model)
                ?? throw new UsageException("--model is missing: name a model of the server, such as --model fashion_resnet_int8."),
            Version = arguments.GetValue(Version),
            Batch = Positive(arguments, Batch),
            Ranges = ReadRanges(arguments.GetValue(Ranges) ?? []),
            RequestFile = arguments.GetValue(RequestFile),
            Timeout = Duration.Parse(Timeout.Name, arguments.GetValue(Timeout)!),
            Seed = arguments.GetValue(Seed),
        };
    }

    private static Dictionary<string, InputRange[]> ReadRanges(string[] texts)
    {
        var ranges = new Dictionary<string, InputRange[]>();
        foreach (var (input, values) in texts.Select(InputRange.Parse))
            if (!ranges.TryAdd(input, values)) throw new UsageException($"--input-range names '{input}' twice: give each input one.");
        return ranges;
    }

    private static Bounds ReadBounds(ParseResult arguments) => new(
        arguments.GetValue(MaxP99) is { } p99 ? Duration.Parse(MaxP99.Name, p99) : null,
        arguments.GetValue(MaxErrors),
        arguments.GetValue(MinRate));

    private static Uri ReadUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? url
        : throw new UsageException($"--url is '{text}': give the server's address, such as http://127.0.0.1:8000.");

    private static int Positive(ParseResult arguments, Option<int> option) => arguments.GetValue(option) is > 0 and var value ? value
        : throw new UsageException($"{option.Name} is {arguments.GetValue(option)}: give 1 or more.");

    private static Option<string?> Text(string name, string description, string? usual = null)
    {
        var option = new Option<string?>(name) { Description = description };
        if (usual is not null) option.DefaultValueFactory = _ => usual;
        return option;
    }

    private static Option<int> Number(string name, string description, int usual) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual };
}
