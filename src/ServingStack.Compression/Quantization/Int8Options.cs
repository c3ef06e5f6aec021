namespace ServingStack.Compression.Quantization;

/// <summary>How a model is brought to eight bits.</summary>
public sealed record Int8Options
{
    /// <summary>How the ranges of activations are chosen.</summary>
    public RangeMethod Ranges { get; init; } = RangeMethod.MinimumError;

    /// <summary>How many weights share a scale.</summary>
    public WeightGrain Grain { get; init; } = WeightGrain.Channel;

    /// <summary>Narrows the ranges of activations by what their reader makes of them.</summary>
    public bool NetAware { get; init; } = true;

    /// <summary>Rounds weights up or down by what the layer's inputs make of the error, in place of to the nearest.</summary>
    public bool LearnedRounding { get; init; }

    /// <summary>
    /// Selective quantization: how much accuracy on the calibration rows may be lost, as a share of them; the operators of the largest
    /// shadow error stay in floats until that holds. Null quantizes all.
    /// </summary>
    public double? Budget { get; init; }

    /// <summary>At most this share of the layers may stay in floats to hold the budget.</summary>
    public double MostInFloat { get; init; } = 0.25;

    /// <summary>Calibration takes this many rows, from the first on.</summary>
    public int CalibrationRows { get; init; } = 1000;

    /// <summary>Leaves the first layer in floats: it sees raw data and has few weights, so it costs most and gains least.</summary>
    public bool KeepFirst { get; init; }

    /// <summary>Leaves the last layer in floats: its errors are not mended by any later one.</summary>
    public bool KeepLast { get; init; }

    /// <summary>Names of further nodes to leave in floats.</summary>
    public IReadOnlySet<string> Keep { get; init; } = new HashSet<string>();
}

/// <summary>The accuracy techniques, each of which can be left out.</summary>
public static class Int8Techniques
{
    /// <summary>Ranges from least to greatest, one scale a layer, nearest rounding, every layer quantized.</summary>
    public static Int8Options None(Int8Options options) => options with
    {
        Grain = WeightGrain.Tensor,
        Ranges = RangeMethod.MinMax,
        NetAware = false,
        LearnedRounding = false,
        Budget = null,
    };

    /// <summary>What each adds to options that have none of them.</summary>
    public static IReadOnlyList<(string Name, Func<Int8Options, Int8Options> Add)> All { get; } =
    [
        ("fine-grain", o => o with { Grain = WeightGrain.Channel }),
        ("outlier-aware, exact", o => o with { Ranges = RangeMethod.MinimumError }),
        ("outlier-aware, approximate", o => o with { Ranges = RangeMethod.ApproximateError }),
        ("net-aware", o => o with { NetAware = true }),
        ("learned rounding", o => o with { LearnedRounding = true }),
        ("selective", o => o with { Budget = o.Budget ?? 0.002 }),
    ];
}
