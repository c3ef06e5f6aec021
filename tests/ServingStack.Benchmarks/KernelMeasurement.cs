namespace ServingStack.Benchmarks;

/// <summary>
/// One row of the report; the peak is unknown where its instruction is missing. Rates are 10^9 operations a second; a multiply-add counts
/// as two.
/// </summary>
internal sealed record KernelMeasurement(
    string Family, string Shape, string Kernel, double Microseconds, double Gops, double? PeakGops, double OrtMicroseconds)
{
    public double? PeakFraction => Gops / PeakGops;

    /// <summary>How many times faster than ONNX Runtime.</summary>
    public double Ratio => OrtMicroseconds / Microseconds;
}
