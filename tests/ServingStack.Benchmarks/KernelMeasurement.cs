namespace ServingStack.Benchmarks;

/// <summary>
/// One row of the report. Rates are 10^9 operations a second; a multiply-add counts as two. The fraction is of what the machine's limit
/// allowed in the same run, and unknown where its instruction is missing; the ratio says how many times faster than ONNX Runtime.
/// </summary>
internal sealed record KernelMeasurement(
    string Family, string Shape, double Microseconds, double Gops, double? PeakFraction, double? OrtMicroseconds, string Kernel)
{
    public double? OrtRatio => OrtMicroseconds / Microseconds;
}
