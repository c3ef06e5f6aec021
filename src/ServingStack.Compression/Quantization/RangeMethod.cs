namespace ServingStack.Compression.Quantization;

/// <summary>How the range of an activation is chosen from what calibration saw.</summary>
public enum RangeMethod
{
    /// <summary>From the least to the greatest number: nothing is clipped, outliers widen every step.</summary>
    MinMax,

    /// <summary>All but one in ten thousand numbers, half of these at each end.</summary>
    Percentile,

    /// <summary>
    /// The range of the least squared error, rounding and clipping together, over a histogram (Park et al. 2018, section 3.2.2,
    /// outlier-aware quantization).
    /// </summary>
    MinimumError,

    /// <summary>
    /// The same error, but the range is only trimmed as long as that helps, always at the end where less is lost: a walk along the
    /// histogram in place of a search.
    /// </summary>
    ApproximateError,
}
