using System.Globalization;

namespace ServingStack.Cli.Terminal;

/// <summary>Shares of a whole on the command line: <c>1%</c> or <c>0.01</c>.</summary>
internal static class Shares
{
    public static double Parse(string option, string text)
    {
        var percent = text.EndsWith('%');
        return double.TryParse(percent ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? percent ? number / 100 : number
            : throw new UsageException($"{option} is '{text}', expected a share, for example 1% or 0.01.");
    }
}
