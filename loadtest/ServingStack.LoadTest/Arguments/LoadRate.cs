using System.Globalization;

namespace ServingStack.LoadTest.Arguments;

/// <summary>Requests a second, or a share of the server's peak rate, which is looked for first.</summary>
/// <param name="Value">Requests a second, or the share as 0 to 1.</param>
/// <param name="OfPeak">Whether it is a share.</param>
internal readonly record struct LoadRate(double Value, bool OfPeak)
{
    /// <summary>Reads <c>200</c> or <c>50%</c>.</summary>
    public static LoadRate Parse(string text)
    {
        var ofPeak = text.EndsWith('%');
        var number = ofPeak ? text[..^1] : text;
        var good = double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value);
        if (!good || !double.IsFinite(value) || value <= 0 || (ofPeak && value > 1000))
            throw new UsageException($"--rate is '{text}': give requests a second, such as 200, or a share of the peak rate, such as 50%.");
        return new(ofPeak ? value / 100 : value, ofPeak);
    }

    public double Of(double peak) => OfPeak ? Value * peak : Value;
}
