using System.Globalization;

namespace ServingStack.LoadTest.Arguments;

/// <summary>Times on the command line: a number and its unit, such as <c>30s</c>, <c>15ms</c>, <c>2m</c>.</summary>
internal static class Duration
{
    private static readonly (string Unit, double Seconds)[] Units = [("us", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>Reads the value of <paramref name="option"/>; throws <see cref="UsageException"/>, naming it, on anything else.</summary>
    public static TimeSpan Parse(string option, string text, bool mayBeZero = false)
    {
        foreach (var (unit, seconds) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal) || !IsNumber(text[..^unit.Length], out var value)) continue;
            var allowed = value * seconds <= TimeSpan.FromDays(1).TotalSeconds && (value > 0 || mayBeZero);
            if (allowed) return TimeSpan.FromSeconds(value * seconds);
        }
        var least = mayBeZero ? "0s" : "more than 0";
        throw new UsageException($"{option} is '{text}': give a number and its unit, such as 30s, 15ms or 2m, {least} to 24h.");
    }

    private static bool IsNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);
}
