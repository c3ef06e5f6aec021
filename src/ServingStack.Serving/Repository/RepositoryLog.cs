using Microsoft.Extensions.Logging;

namespace ServingStack.Serving.Repository;

/// <summary>What the repository tells its operator.</summary>
internal sealed partial class RepositoryLog(ILogger logger)
{
    private readonly ILogger _logger = logger;

    [LoggerMessage(1, LogLevel.Information, "Model {Model} version {Version} is ready on {Platform} after {Milliseconds:0} ms. {Note}")]
    public partial void Loaded(string model, int version, string platform, double milliseconds, string note);

    [LoggerMessage(2, LogLevel.Error, "Model {Model} version {Version} could not be loaded: {Reason}")]
    public partial void LoadFailed(string model, int version, string reason);

    [LoggerMessage(3, LogLevel.Information, "Model {Model} version {Version} is served no more.")]
    public partial void Unloading(string model, int version);

    [LoggerMessage(4, LogLevel.Error, "The settings of model {Model} are not used: {Reason}")]
    public partial void SettingsRefused(string model, string reason);

    [LoggerMessage(5, LogLevel.Error, "The model repository {Folder} cannot be read: {Reason}")]
    public partial void ScanFailed(string folder, string reason);
}
