namespace ServingStack.Compression.Quantization;

/// <summary>Unsigned bytes for floats: <c>x = (q - ZeroPoint) * Scale</c>; zero is always represented exactly.</summary>
public readonly record struct ActivationQuantization(float Scale, byte ZeroPoint)
{
    private const int Steps = 255;

    /// <summary>The finest steps that cover a range, which is first widened to hold zero.</summary>
    public static ActivationQuantization Covering(double least, double most)
    {
        (least, most) = (Math.Min(least, 0), Math.Max(most, 0));
        // A tensor that was zero all along has no range: any scale represents it.
        if (most - least < float.Epsilon) return new(1, 0);
        var scale = (most - least) / Steps;
        return new((float)scale, (byte)Math.Clamp(Math.Round(-least / scale), 0, Steps));
    }
}
