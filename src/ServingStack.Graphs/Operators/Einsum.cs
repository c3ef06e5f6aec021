using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX Einsum: the letters of the equation name extents; an ellipsis stands for broadcast leading ones.</summary>
internal static class Einsum
{
    public static void Infer(InferenceContext c)
    {
        var equation = c.Attributes.String("equation", "").Replace(" ", "", StringComparison.Ordinal).Replace("...", ".",
            StringComparison.Ordinal);
        var (left, right) = equation.Split("->") is [var l, var r] ? (l, r) : (equation, ImplicitOutput(equation));
        var terms = left.Split(',');
        if (terms.Length != c.InputCount) throw c.Fail($"The equation has {terms.Length} terms for {c.InputCount} inputs.");
        var extents = new Dictionary<char, Dimension>();
        Shape? ellipsis = Shape.Scalar;
        for (var i = 0; i < terms.Length; i++)
        {
            if (c.ShapeOf(i) is not { } x)
            {
                c.Set(0, c.TypeOf(0), null);
                return;
            }
            ellipsis = Read(c, terms[i], x, extents, ellipsis);
        }
        c.Set(0, c.TypeOf(0), ellipsis is null ? null : new Shape(right.SelectMany(letter => letter == '.' ? ellipsis
            : (IEnumerable<Dimension>)[extents[letter]])));
    }

    private static Shape? Read(InferenceContext c, string term, Shape x, Dictionary<char, Dimension> extents, Shape? ellipsis)
    {
        var hidden = x.Rank - term.Count(char.IsLetter);
        if (hidden < 0 || (hidden > 0 && !term.Contains('.'))) throw c.Fail($"The term '{term}' does not fit the input {x}.");
        var axis = 0;
        foreach (var letter in term)
        {
            if (letter == '.')
            {
                ellipsis = Broadcast.Combine(c, ellipsis, new Shape(x.Skip(axis).Take(hidden)));
                axis += hidden;
                continue;
            }
            if (extents.TryGetValue(letter, out var known) && known != 1 && !DimensionAlgebra.TryUnify(known, x[axis], out _)
                && x[axis] != 1)
                throw c.Fail($"The letter '{letter}' stands for both {known} and {x[axis]}.");
            extents[letter] = extents.ContainsKey(letter) && known != 1 && known.IsFixed ? known : x[axis];
            axis++;
        }
        return ellipsis;
    }

    /// <summary>Without an arrow: the letters that occur once, in alphabetical order.</summary>
    private static string ImplicitOutput(string left) => (left.Contains('.') ? "." : "") + string.Concat(
        left.Where(char.IsLetter).GroupBy(l => l).Where(g => g.Count() == 1).Select(g => g.Key).Order());
}
