namespace ServingStack.Compression.Quantization;

/// <summary>How a model is brought to eight bits.</summary>
public sealed record Int8Options
{
    /// <summary>How the ranges of activations are chosen.</summary>
    public RangeMethod Ranges { get; init; } = RangeMethod.MinimumError;

    /// <summary>Calibration takes this many rows, from the first on.</summary>
    public int CalibrationRows { get; init; } = 1000;

    /// <summary>Leaves the first layer in floats: it sees raw data and has few weights, so it costs most and gains least.</summary>
    public bool KeepFirst { get; init; }

    /// <summary>Leaves the last layer in floats: its errors are not mended by any later one.</summary>
    public bool KeepLast { get; init; }

    /// <summary>Names of further nodes to leave in floats.</summary>
    public IReadOnlySet<string> Keep { get; init; } = new HashSet<string>();
}
