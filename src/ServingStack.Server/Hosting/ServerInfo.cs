namespace ServingStack.Server.Hosting;

/// <summary>What the server says of itself over every protocol.</summary>
internal static class ServerInfo
{
    public const string Name = "servingstack";

    public static string Version { get; } = typeof(ServerInfo).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public static IReadOnlyList<string> Extensions { get; } = ["binary_tensor_data", "classification", "parameters"];
}
