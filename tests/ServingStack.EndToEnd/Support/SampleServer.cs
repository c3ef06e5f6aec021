namespace ServingStack.EndToEnd.Support;

/// <summary>One server for the tests that only ask, started as the README does: without a word about the models.</summary>
public sealed class SampleServer : IAsyncLifetime
{
    internal ServerProcess Process { get; private set; } = null!;

    public async Task InitializeAsync() => Process = await ServerProcess.StartAsync();

    public async Task DisposeAsync() => await Process.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SampleServerCollection : ICollectionFixture<SampleServer>
{
    public const string Name = "sample server";
}
