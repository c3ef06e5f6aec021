using ServingStack.Client;
using ServingStack.Client.Grpc;
using ServingStack.Client.Rest;
using ServingStack.LoadTest.Arguments;
using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Requests;

/// <summary>The server and the requests that it gets, one after the other and round again.</summary>
internal sealed class Target : IDisposable
{
    private readonly IInferenceClient _client;
    private readonly InferRequest[] _requests;

    private Target(IInferenceClient client, InferRequest[] requests) => (_client, _requests) = (client, requests);

    public SendRequest Send => number => _client.InferAsync(_requests[number % _requests.Length]);

    /// <summary>
    /// Asks the server about the model and makes the requests; throws <see cref="UsageException"/> when that cannot be done.
    /// </summary>
    public static async Task<Target> OpenAsync(TargetOptions options, CancellationToken cancellation)
    {
        var client = Connect(options);
        try
        {
            var requests = options.RequestFile is { } file
                ? [ReadFile(file, options)]
                : await GenerateAsync(client, options, cancellation).ConfigureAwait(false);
            // One answer before the load begins: what is wrong with every request is said once, in the server's words.
            await client.InferAsync(requests[0], cancellation).ConfigureAwait(false);
            return new Target(client, requests);
        }
        catch (InferenceException e)
        {
            client.Dispose();
            throw new UsageException(Explain(e, options));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public void Dispose() => _client.Dispose();

    private static IInferenceClient Connect(TargetOptions options) => options.Protocol switch
    {
        Protocol.Grpc => new GrpcInferenceClient(options.Url),
        Protocol.RestJson => new RestInferenceClient(options.Url, TensorEncoding.Json),
        _ => new RestInferenceClient(options.Url),
    };

    private static async Task<InferRequest[]> GenerateAsync(IInferenceClient client, TargetOptions options, CancellationToken cancellation)
    {
        var model = await client.GetModelMetadataAsync(options.Model, options.Version, cancellation).ConfigureAwait(false);
        var generator = new RequestGenerator(model, options.Batch, options.Ranges);
        return generator.Create(options.Model, options.Version, options.Timeout, options.Seed);
    }

    private static InferRequest ReadFile(string file, TargetOptions options)
    {
        try
        {
            return RestRequestFile.Read(File.ReadAllBytes(file), options.Model, options.Version) with { Timeout = options.Timeout };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new UsageException($"--request is '{file}': {e.Message}");
        }
    }

    private static string Explain(InferenceException e, TargetOptions options) => e.Failure switch
    {
        InferenceFailure.Unreachable =>
            $"No server answers at {options.Url} ({e.Error}): start one (dotnet run -c Release --project src/ServingStack.Server), "
            + "or give --url.",
        InferenceFailure.NotFound => $"{e.Error} (asked {options.Url} for --model {options.Model})",
        InferenceFailure.InvalidArgument =>
            $"The server refuses the request: {e.Error} Narrow it with --input-range NAME=LOW:HIGH, or give --request FILE.",
        _ => $"The server at {options.Url} fails on the first request: {e.Message}",
    };
}
