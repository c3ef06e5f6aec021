using System.Globalization;
using ServingStack.Compression.Tucker;

namespace ServingStack.Training.Compressing;

/// <summary>What a budget is counted in.</summary>
public enum BudgetKind
{
    /// <summary>Arithmetic operations at batch 1.</summary>
    Flops,

    /// <summary>Measured time at batch 1 on this machine.</summary>
    Latency,

    /// <summary>Points of accuracy that may be lost.</summary>
    Accuracy,
}

/// <summary>
/// A wish in place of ranks: <c>flops=4x</c> and <c>latency=2x</c> for so many times less, <c>accuracy=0.5</c> for as few flops as lose at
/// most so many points (hundredths) after fine-tuning.
/// </summary>
public sealed record CompressionBudget(BudgetKind Kind, double Amount)
{
    public const string Forms = "accuracy=0.5, flops=4x, latency=2x";

    /// <exception cref="TuckerException">The text is none of <see cref="Forms"/>.</exception>
    public static CompressionBudget Parse(string text)
    {
        var parts = text.Split('=', 2);
        if (parts.Length == 2 && Enum.TryParse<BudgetKind>(parts[0], ignoreCase: true, out var kind) && !char.IsAsciiDigit(parts[0][0]))
        {
            var number = kind == BudgetKind.Accuracy ? parts[1] : parts[1].EndsWith('x') ? parts[1][..^1] : "";
            if (double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) && IsSound(kind, amount))
                return new(kind, amount);
        }
        throw new TuckerException($"'{text}' is no budget; expected one of {Forms}, with more than 1x, or 0 or more points.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Kind.ToString().ToLowerInvariant()}={Amount}{(Kind == BudgetKind.Accuracy ? "" : "x")}");

    private static bool IsSound(BudgetKind kind, double amount) =>
        double.IsFinite(amount) && (kind == BudgetKind.Accuracy ? amount >= 0 : amount > 1);
}
