using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>How elements of shape computations flow through arithmetic and casts when only a part of them is known.</summary>
internal static class ShapeArithmetic
{
    public static void Add(InferenceContext c) => Apply(c, (a, b) => a + b);

    public static void Sub(InferenceContext c) => Apply(c, (a, b) => a - b);

    public static void Mul(InferenceContext c) => Apply(c, (a, b) => a * b);

    public static void Div(InferenceContext c) => Apply(c, (a, b) => a / b);

    /// <summary>Squeeze, Unsqueeze and integer casts keep the elements in their order.</summary>
    public static void Copy(InferenceContext c)
    {
        if (c.Input(0).Integers is { } data && c.Outputs[0].Shape is { Rank: <= 1 } shape)
            c.SetIntegers(0, new SymbolicIntegers(shape.Rank == 0, data.Items));
    }

    /// <summary>Where with a known condition picks elements; PyTorch guards -1 in shapes with it.</summary>
    public static void Where(InferenceContext c)
    {
        if (c.Input(0).Integers is not { IsKnown: true } condition) return;
        Zip(c, 1, 2, (i, a, b) => (condition.Items.Length == 1 ? condition.Items[0] : condition.Items[i]).Number != 0 ? a
            : b, condition.Items.Length);
    }

    /// <summary>Equal of a symbol with a negative number is false: an extent is never negative.</summary>
    public static void Equal(InferenceContext c) => Apply(c, (a, b) =>
        a.Number is { } x && b.Number is { } y ? (x == y ? 1 : 0)
        : a == b && a.Symbol is not null ? 1
        : (a.Symbol is not null && b.Number < 0) || (b.Symbol is not null && a.Number < 0) ? 0
        : SymbolicInteger.Unknown);

    private static void Apply(InferenceContext c, Func<SymbolicInteger, SymbolicInteger, SymbolicInteger> apply) =>
        Zip(c, 0, 1, (_, a, b) => apply(a, b), 1);

    private static void Zip(InferenceContext c, int left, int right, Func<int, SymbolicInteger, SymbolicInteger, SymbolicInteger> apply,
        int least)
    {
        if (c.Input(left).Integers is not { } a || c.Input(right).Integers is not { } b || c.Outputs[0].Shape is not { Rank: <= 1 } shape)
            return;
        var length = Math.Max(least, Math.Max(a.Items.Length, b.Items.Length));
        if (a.Items.Length == 0 || b.Items.Length == 0) return;
        var items = Enumerable.Range(0, length).Select(i =>
            apply(i, a.Items[a.Items.Length == 1 ? 0 : i], b.Items[b.Items.Length == 1 ? 0 : i]));
        c.SetIntegers(0, new SymbolicIntegers(shape.Rank == 0, [.. items]));
    }
}
