using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ServingStack.Server.Options;
using ServingStack.Serving.Repository;

namespace ServingStack.Server.Hosting;

/// <summary>Starts the repository with the host, drains it when the host stops, and says once at start what is served where.</summary>
internal sealed class RepositoryService(
    ModelRepository repository, ServerOptions options, IServer server, IHostApplicationLifetime lifetime)
    : IHostedLifecycleService
{
    private Task _banner = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(repository.Drain);
        repository.Start();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _banner = PrintBannerAsync();
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _banner;

    private async Task PrintBannerAsync()
    {
        var stopping = new TaskCompletionSource();
        using var registration = lifetime.ApplicationStopping.Register(stopping.SetResult);
        if (await Task.WhenAny(repository.FirstLook, stopping.Task).ConfigureAwait(false) == stopping.Task) return;
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses.ToArray() ?? [];
        await Console.Out.WriteLineAsync(Banner.Write(repository, options, addresses)).ConfigureAwait(false);
    }
}
