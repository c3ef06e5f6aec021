using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStack.Serving.Repository;

namespace ServingStack.Server.Hosting;

/// <summary>What <c>grpc.health.v1</c> tells: the same readiness as REST does.</summary>
internal sealed class ReadyHealthCheck(ModelRepository repository) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(repository.IsReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
}
