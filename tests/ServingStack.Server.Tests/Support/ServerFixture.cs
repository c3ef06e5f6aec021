using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Tests.Support;

namespace ServingStack.Server.Tests.Support;

/// <summary>
/// One server for the tests that only ask. Its models: gemm, sums, open, unbatched, fp16 and one identity for every datatype.
/// </summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var described = TinyModels.Gemm();
        described.Metadata["trained_on"] = "nothing";
        var folder = new TemporaryRepository()
            .Add("gemm", 1, described)
            .Add("sums", 1, TinyModels.SumAndDifference())
            .Add("open", 1, TinyModels.OpenLength())
            .Add("unbatched", 1, TinyModels.Unbatched())
            .Add("broken", 1, OnnxWriter.ToBytes(TinyModels.Cyclic()));
        foreach (var type in IdentityTypes) folder.Add($"identity_{type}", 1, TinyModels.Identity(type));
        Server = await RunningServer.StartAsync(folder, "--max-request-bytes", "100000");
    }

    internal static ElementType[] IdentityTypes { get; } =
    [
        ElementType.Bool, ElementType.UInt8, ElementType.UInt16, ElementType.UInt32, ElementType.UInt64, ElementType.Int8,
        ElementType.Int16,
        ElementType.Int32, ElementType.Int64, ElementType.Float16, ElementType.Float32, ElementType.Float64,
    ];

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class ServerCollection : ICollectionFixture<ServerFixture>
{
    public const string Name = "one server";
}
