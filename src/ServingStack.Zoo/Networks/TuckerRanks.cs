namespace ServingStack.Zoo.Networks;

/// <summary>How many directions of a layer's inputs and outputs its decomposition keeps; no rank of inputs keeps that mode whole.</summary>
internal readonly record struct Ranks(int? Inputs, int Outputs);

/// <summary>The ranks of a layer, or null to leave it whole. Inputs and outputs are those of one group.</summary>
internal delegate Ranks? RankTable(string layer, int inputs, int outputs, int kernel);

/// <summary>
/// The ranks at which Kim et al. 2016 (arXiv:1511.06530) compress their four networks: AlexNet's as they publish them, the others' chosen to
/// give the multiply-adds that they publish, since their ranks are not.
/// </summary>
internal static class TuckerRanks
{
    // Ranks in whole eighths of a vector of 64 bytes: others would pay for the next one.
    private const int Step = 8;

    private static readonly Dictionary<string, Ranks> OfAlexNet = new()
    {
        ["stem.conv1"] = new(null, 26),
        ["stem.conv2"] = new(25, 59),
        ["body.conv1"] = new(105, 112),
        ["body.conv2"] = new(49, 46),
        ["body.conv3"] = new(40, 34),
        ["head.linear1"] = new(210, 584),
        ["head.linear2"] = new(null, 301),
        ["classifier.linear1"] = new(null, 195),
    };

    private static readonly Dictionary<string, Ranks> OfVggSMatrices = new()
    {
        ["stem.conv1"] = new(null, 32),
        ["head.linear1"] = new(128, 1024),
        ["head.linear2"] = new(null, 300),
        ["classifier.linear1"] = new(null, 200),
    };

    public static RankTable AlexNet { get; } = (layer, _, _, _) => Named(OfAlexNet, layer);

    public static RankTable VggS { get; } = (layer, inputs, outputs, kernel) =>
        Named(OfVggSMatrices, layer) ?? (kernel > 1 ? Share(0.35, inputs, outputs) : null);

    /// <summary>All 3x3 kernels but the first, whose input has three channels; the matrices stay.</summary>
    public static RankTable Vgg16 { get; } = (_, inputs, outputs, kernel) => kernel == 3 && inputs > 3 ? Share(0.33, inputs, outputs) : null;

    /// <summary>The 3x3 kernels only.</summary>
    public static RankTable GoogLeNet { get; } = (_, inputs, outputs, kernel) => kernel == 3 ? Share(0.25, inputs, outputs) : null;

    private static Ranks? Named(Dictionary<string, Ranks> table, string layer) => table.TryGetValue(layer, out var ranks) ? ranks : null;

    private static Ranks Share(double share, int inputs, int outputs) => new(Rounded(share * inputs), Rounded(share * outputs));

    private static int Rounded(double rank) => Math.Max(1, (int)Math.Round(rank / Step)) * Step;
}
