namespace ServingStack.Benchmarks;

/// <summary>
/// A network and its Tucker decomposition, all timed in turns in one run: milliseconds of ours in fp32, decomposed, and decomposed in int8,
/// and of ONNX Runtime on the whole network and on the decomposed one in fp32. Multiply-adds in millions.
/// </summary>
internal sealed record CompressedMeasurement(
    string Network, double MultiplyAdds, double DecomposedMultiplyAdds, double Milliseconds, double DecomposedMilliseconds,
    double DecomposedInt8Milliseconds, double OrtMilliseconds, double OrtDecomposedMilliseconds, double PublishedRatio)
{
    public double OperationsRatio => MultiplyAdds / DecomposedMultiplyAdds;

    /// <summary>How many times faster we are decomposed, in fp32.</summary>
    public double Ratio => Milliseconds / DecomposedMilliseconds;

    /// <summary>How much of what decomposing saves in operations it saves in time.</summary>
    public double Yield => Ratio / OperationsRatio;

    public double OrtDecompositionRatio => OrtMilliseconds / OrtDecomposedMilliseconds;

    /// <summary>The whole network on ONNX Runtime in fp32 against ours, decomposed and in int8.</summary>
    public double Int8OverOrt => OrtMilliseconds / DecomposedInt8Milliseconds;
}
