using System.Globalization;

namespace ServingStack.Graphs;

/// <summary>One extent of a shape: a number, a symbol shared between shapes (<c>batch</c>), or unknown.</summary>
public readonly record struct Dimension
{
    private readonly long _valuePlusOne;

    private Dimension(long value, string? symbol)
    {
        _valuePlusOne = value + 1;
        Symbol = symbol;
    }

    /// <summary>An extent about which nothing is known.</summary>
    public static Dimension Unknown => default;

    /// <summary>The symbol's name, or null.</summary>
    public string? Symbol { get; }

    /// <summary>Whether the extent is a number.</summary>
    public bool IsFixed => _valuePlusOne > 0;

    /// <summary>The extent; throws unless <see cref="IsFixed"/>.</summary>
    public long Value => IsFixed ? _valuePlusOne - 1 : throw new InvalidOperationException($"Dimension {this} has no fixed value.");

    public static Dimension Fixed(long value) =>
        value >= 0 ? new(value, null) : throw new ArgumentOutOfRangeException(nameof(value), value, "A dimension is 0 or more.");

    public static Dimension Named(string symbol) => new(-1, symbol);

    public static implicit operator Dimension(long value) => Fixed(value);

    /// <summary>The number, the symbol, or <c>?</c>.</summary>
    public override string ToString() => IsFixed ? Value.ToString(CultureInfo.InvariantCulture) : Symbol ?? "?";
}
