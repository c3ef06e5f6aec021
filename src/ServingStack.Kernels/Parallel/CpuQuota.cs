using System.Globalization;

namespace ServingStack.Kernels.Parallel;

/// <summary>
/// How many cores this process may keep busy: the least of the processor count, the affinity mask and the control group's CPU quota
/// (cgroup v1 <c>cpu.cfs_quota_us</c>, v2 <c>cpu.max</c>, the tightest on the way up to the root).
/// </summary>
public static class CpuQuota
{
    // A quota of 3.9 cores runs 4 threads with a pause of 2.5 ms in 100: worth it. Below that a busy team is throttled for longer than
    // the extra thread gains, and a request that meets the pause misses its deadline, so quotas are rounded down.
    private const double Tolerance = 0.1;

    /// <summary>At least 1.</summary>
    public static int UsableCores { get; } = Math.Min(Environment.ProcessorCount, Round(Read("/proc/self", "/") ?? double.MaxValue));

    /// <summary>Whole cores for a quota in cores: rounded down, at least 1.</summary>
    internal static int Round(double cores) => (int)Math.Clamp(Math.Floor(cores + Tolerance), 1, int.MaxValue);

    /// <summary>The quota in cores, null when there is none or the machine has no control groups.</summary>
    /// <param name="process">The folder that holds <c>cgroup</c> and <c>mountinfo</c>.</param>
    /// <param name="root">The folder that mount points are taken below; "/" outside tests.</param>
    internal static double? Read(string process, string root)
    {
        double? tightest = null;
        foreach (var folder in Folders(Lines(Path.Combine(process, "mountinfo")), Lines(Path.Combine(process, "cgroup"))))
        {
            var path = Path.Combine(root, folder.TrimStart('/'));
            if ((QuotaV2(path) ?? QuotaV1(path)) is { } quota) tightest = Math.Min(tightest ?? quota, quota);
        }

        return tightest;
    }

    /// <summary>The process's control groups that may limit CPU time, innermost first, as seen in the file system.</summary>
    private static IEnumerable<string> Folders(string[] mounts, string[] groups)
    {
        foreach (var mount in mounts)
        {
            // mountinfo(5): id parent device root mount-point options [optional fields] - type source super-options
            var halves = mount.Split(" - ");
            if (halves.Length < 2 || halves[0].Split(' ') is not { Length: >= 5 } fields) continue;
            var isV2 = halves[1].StartsWith("cgroup2 ", StringComparison.Ordinal);
            var isV1 = halves[1].StartsWith("cgroup ", StringComparison.Ordinal) && halves[1].Split(' ')[^1].Split(',').Contains("cpu");
            if (!isV1 && !isV2) continue;
            var group = GroupPath(groups, isV2);
            var below = fields[3] != "/" && group.StartsWith(fields[3], StringComparison.Ordinal) ? group[fields[3].Length..] : group;
            for (var path = below.Trim('/'); path.Length > 0; path = Path.GetDirectoryName(path) ?? "") yield return $"{fields[4]}/{path}";
            yield return fields[4];
        }
    }

    /// <summary>cgroups(7): id:controllers:path; version 2 has id 0 and no controllers.</summary>
    private static string GroupPath(string[] groups, bool isV2) => groups
        .Select(line => line.Split(':', 3))
        .Where(fields => fields.Length == 3 && (isV2 ? fields[1].Length == 0 : fields[1].Split(',').Contains("cpu")))
        .Select(fields => fields[2])
        .FirstOrDefault("/");

    private static double? QuotaV2(string folder)
    {
        var fields = Text(Path.Combine(folder, "cpu.max"))?.Split(' ');
        return fields is { Length: 2 } ? Ratio(fields[0], fields[1]) : null;
    }

    private static double? QuotaV1(string folder) =>
        Ratio(Text(Path.Combine(folder, "cpu.cfs_quota_us")), Text(Path.Combine(folder, "cpu.cfs_period_us")));

    /// <summary>"max" (v2) and -1 (v1) mean no quota.</summary>
    private static double? Ratio(string? quota, string? period) =>
        double.TryParse(quota, CultureInfo.InvariantCulture, out var q) && q > 0 &&
        double.TryParse(period, CultureInfo.InvariantCulture, out var p) && p > 0
            ? q / p
            : null;

    private static string? Text(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string[] Lines(string path) => Text(path)?.Split('\n') ?? [];
}
