namespace ServingStack.Benchmarks;

/// <summary>
/// One network at one batch: milliseconds of a run, ours and ONNX Runtime's, one thread each; and what the first plan took to build.
/// </summary>
internal sealed record NetworkMeasurement(
    string Network, string Precision, int Batch, double Milliseconds, double OrtMilliseconds, double PlanMilliseconds,
    int Steps, int FallbackSteps)
{
    /// <summary>How many times faster than ONNX Runtime.</summary>
    public double Ratio => OrtMilliseconds / Milliseconds;
}
