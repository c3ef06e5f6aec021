using System.Diagnostics.Metrics;
using System.Globalization;

namespace ServingStack.Serving.Telemetry;

/// <summary>
/// How long the kernel held this container back for its CPU quota (cgroup v2). No instruments where there is no such file.
/// </summary>
internal static class CgroupCpu
{
    private const string StatFile = "/sys/fs/cgroup/cpu.stat";

    public static void AddTo(Meter meter)
    {
        if (Read("nr_throttled") is null) return;
        meter.CreateObservableCounter("servingstack.cpu.throttled.periods", () => (long)(Read("nr_throttled") ?? 0), "{period}",
            "Scheduling periods in which the container used up its CPU quota.");
        meter.CreateObservableCounter("servingstack.cpu.throttled.time", () => (Read("throttled_usec") ?? 0) * 1e-6, "s",
            "Time for which the container was held back because its CPU quota was used up.");
    }

    /// <summary>The value after a key in the file's "key value" lines, or null.</summary>
    internal static double? Parse(IEnumerable<string> lines, string key)
    {
        foreach (var line in lines)
            if (line.StartsWith(key + " ", StringComparison.Ordinal)
                && double.TryParse(line.AsSpan(key.Length), CultureInfo.InvariantCulture, out var value))
                return value;
        return null;
    }

    private static double? Read(string key)
    {
        try
        {
            return File.Exists(StatFile) ? Parse(File.ReadLines(StatFile), key) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
