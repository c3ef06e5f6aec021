namespace ServingStack.Conformance;

/// <summary>Cases that run on our kernels with other outputs than expected, each with the reason. The list may only shrink.</summary>
internal static class KnownExecutionFailures
{
    private static readonly Dictionary<string, string[]> ByArchive = [];

    public static string[] In(string archive) => ByArchive.GetValueOrDefault(archive, []);
}
