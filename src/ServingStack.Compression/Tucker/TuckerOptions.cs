using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Tucker.Ranks;

namespace ServingStack.Compression.Tucker;

/// <summary>What to decompose, and how far.</summary>
public sealed record TuckerOptions
{
    /// <summary>How ranks are chosen where <see cref="Ranks"/> does not give them.</summary>
    public IRankSelector Selector { get; init; } = new BayesianRanks(1);

    /// <summary>Ranks of layers by node name; they go before the selector's.</summary>
    public IReadOnlyDictionary<string, RankPair> Ranks { get; init; } = new Dictionary<string, RankPair>();

    /// <summary>Names of nodes to leave whole.</summary>
    public IReadOnlySet<string> Keep { get; init; } = new HashSet<string>();

    /// <summary>Whether 1x1 convolutions are split too.</summary>
    public bool Pointwise { get; init; }

    /// <summary>Whether fully-connected layers are split too.</summary>
    public bool Linear { get; init; } = true;

    /// <summary>Rows that show what layers see; null judges kernels by their weights alone, as Kim et al. do.</summary>
    public ILabelledRows? Calibration { get; init; }

    /// <summary>How many of them; a few hundred images give every layer thousands of positions.</summary>
    public int CalibrationRows { get; init; } = 500;

    /// <summary>Alternations of HOOI at most; 0 stops at HOSVD. They arrive in fewer than 20 on trained weights.</summary>
    public int Iterations { get; init; } = 20;
}
