using System.Globalization;

namespace ServingStack.Graphs.Inference;

/// <summary>
/// An element of a shape computation: a number, a symbol, or unknown. Arithmetic keeps a symbol where the result equals it.
/// </summary>
internal readonly record struct SymbolicInteger(long? Number, string? Symbol)
{
    public static SymbolicInteger Unknown => default;

    public static implicit operator SymbolicInteger(long number) => new(number, null);

    public static SymbolicInteger Of(Dimension dimension) => dimension.IsFixed ? dimension.Value
        : new SymbolicInteger(null, dimension.Symbol);

    public Dimension ToDimension() =>
        Number is >= 0 and var number ? number
        : Symbol is { } symbol ? Dimension.Named(symbol)
        : Dimension.Unknown;

    public static SymbolicInteger operator +(SymbolicInteger a, SymbolicInteger b) =>
        Combine(a, b, (x, y) => x + y, neutral: 0, commutes: true);

    public static SymbolicInteger operator -(SymbolicInteger a, SymbolicInteger b) =>
        a.Symbol is not null && a == b ? 0 : Combine(a, b, (x, y) => x - y, neutral: 0, commutes: false);

    public static SymbolicInteger operator *(SymbolicInteger a, SymbolicInteger b) =>
        a.Number == 0 || b.Number == 0 ? 0 : Combine(a, b, (x, y) => x * y, neutral: 1, commutes: true);

    /// <summary>Division as ONNX does it on integers, toward zero; unknown for a zero divisor.</summary>
    public static SymbolicInteger operator /(SymbolicInteger a, SymbolicInteger b) =>
        b.Number == 0 || b.Number == -1 && a.Number == long.MinValue ? Unknown
            : Combine(a, b, (x, y) => x / y, neutral: 1, commutes: false);

    public override string ToString() => Number?.ToString(CultureInfo.InvariantCulture) ?? Symbol ?? "?";

    private static SymbolicInteger Combine(SymbolicInteger a, SymbolicInteger b, Func<long, long, long> apply, long neutral,
        bool commutes) =>
        a.Number is { } x && b.Number is { } y ? apply(x, y)
        : b.Number == neutral ? a
        : commutes && a.Number == neutral ? b
        : Unknown;
}
