using System.Net;

namespace ServingStack.Server.Options;

/// <summary>
/// What the server is told from outside: switches, environment variables or <c>appsettings.json</c>, see <see cref="OptionTable"/>.
/// </summary>
internal sealed record ServerOptions
{
    /// <summary>The folder of models; empty for <c>deploy/models</c> beside the program or above it.</summary>
    public string ModelRepository { get; init; } = "";

    /// <summary>The address to listen on. Loopback, so that nothing is open to the network unless somebody says so.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>REST, metrics and documentation; 0 for any free port. 8000 and 8001 are what clients of other servers expect.</summary>
    public int HttpPort { get; init; } = 8000;

    /// <summary>gRPC over HTTP/2 without TLS; 0 for any free port.</summary>
    public int GrpcPort { get; init; } = 8001;

    /// <summary>The largest request, after decompression. 64 MiB, as other servers have it.</summary>
    public int MaxRequestBytes { get; init; } = 64 << 20;

    /// <summary>Seconds between looks at the repository; 0 looks only once.</summary>
    public double PollSeconds { get; init; } = 2;

    /// <summary>Seconds that requests under way get when the server is told to stop.</summary>
    public double StopSeconds { get; init; } = 30;

    public IPAddress ListenAddress => IPAddress.Parse(Address);

    /// <summary>Everything that is wrong, each with its remedy.</summary>
    public IEnumerable<string> Faults()
    {
        if (!IPAddress.TryParse(Address, out _))
            yield return $"--address is '{Address}': give an IP address, such as 127.0.0.1 or 0.0.0.0.";
        if (HttpPort is < 0 or > 65535) yield return $"--http-port is {HttpPort}: give 0 to 65535.";
        if (GrpcPort is < 0 or > 65535) yield return $"--grpc-port is {GrpcPort}: give 0 to 65535.";
        if (HttpPort == GrpcPort && HttpPort != 0)
            yield return $"--http-port and --grpc-port are both {HttpPort}: give two different ports.";
        if (MaxRequestBytes < 1024) yield return $"--max-request-bytes is {MaxRequestBytes}: give 1024 or more.";
        if (PollSeconds is < 0 or > 86400) yield return $"--poll-seconds is {PollSeconds}: give 0 to 86400.";
        if (StopSeconds is < 0 or > 3600) yield return $"--stop-seconds is {StopSeconds}: give 0 to 3600.";
        if (!Directory.Exists(ModelRepository))
            yield return ModelRepository.Length == 0
                ? "No folder deploy/models was found beside or above the program: give --model-repository DIR."
                : $"--model-repository is '{ModelRepository}': there is no such folder.";
    }
}
