using System.Globalization;
using ServingStack.LoadTest.Arguments;

namespace ServingStack.LoadTest.Requests;

/// <summary>The values that an input's elements are drawn from, both ends included for integers.</summary>
internal readonly record struct InputRange(double Low, double High)
{
    /// <summary>
    /// Reads <c>name=low:high</c>, or <c>name=low:high,low:high</c> with one range for each place along the input's last axis
    /// (fewer ranges than places repeat).
    /// </summary>
    public static (string Input, InputRange[] Ranges) Parse(string text)
    {
        var cut = text.LastIndexOf('=');
        if (cut <= 0) throw Wrong(text);
        return (text[..cut], [.. text[(cut + 1)..].Split(',').Select(range => ParseOne(range) ?? throw Wrong(text))]);
    }

    private static InputRange? ParseOne(string text)
    {
        var ends = text.Split(':');
        return ends.Length == 2 && IsNumber(ends[0], out var low) && IsNumber(ends[1], out var high) && low <= high ? new(low, high) : null;
    }

    private static bool IsNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static UsageException Wrong(string text) => new(
        $"--input-range is '{text}': give name=low:high with low <= high, such as image=0:1, "
        + "or one range for each column, such as ids=0:8,0:16.");
}
