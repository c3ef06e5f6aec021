namespace ServingStack.Conformance;

/// <summary>Cases that do not load or whose inference disagrees, each with the reason. The list may only shrink.</summary>
internal static class KnownShapeFailures
{
    private static readonly Dictionary<string, string[]> ByArchive = new()
    {
        ["node.zip"] =
        [
            "test_not_3d", // opset 1
            "test_not_4d", // opset 1
            "test_scan_sum", // Scan with a batch axis, which only opset 8 had
        ],
    };

    public static string[] In(string archive) => ByArchive.GetValueOrDefault(archive, []);
}
