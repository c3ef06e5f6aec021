namespace ServingStack.Kernels.Reference;

/// <summary>The unary operators' definitions in double precision, by kernel name; parameters have ONNX's default values.</summary>
internal static class ReferenceUnary
{
    public static IReadOnlyDictionary<string, Func<double, double>> Functions { get; } = new Dictionary<string, Func<double, double>>
    {
        ["relu"] = x => Math.Max(x, 0),
        ["leakyrelu"] = x => x < 0 ? x * 0.01f : x,
        ["sigmoid"] = x => 1 / (1 + Math.Exp(-x)),
        ["tanh"] = Math.Tanh,
        ["exp"] = Math.Exp,
        ["log"] = Math.Log,
        ["sqrt"] = Math.Sqrt,
        ["neg"] = x => -x,
        ["abs"] = Math.Abs,
        ["erf"] = Erf,
        ["gelu"] = x => x * 0.5 * (1 + Erf(x / Math.Sqrt(2))),
        ["gelutanh"] = x => x * 0.5 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        ["hardsigmoid"] = x => Math.Max(0, Math.Min(1, (0.2f * x) + 0.5)),
        ["hardswish"] = x => x * Math.Max(0, Math.Min(1, (x / 6) + 0.5)),
        ["elu"] = x => x < 0 ? Math.Exp(x) - 1 : x,
        ["softplus"] = x => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))),
        ["floor"] = Math.Floor,
        ["ceil"] = Math.Ceiling,
        ["round"] = x => Math.Round(x, MidpointRounding.ToEven),
        ["reciprocal"] = x => 1 / x,
    };

    /// <summary>The error function: its Taylor series near zero, one minus the continued fraction of erfc elsewhere.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) > 2) return Math.Sign(x) * (1 - ComplementOf(Math.Abs(x)));
        double sum = 0, term = x;
        for (var n = 0; n < 60; n++)
        {
            sum += term / ((2 * n) + 1);
            term *= -x * x / (n + 1);
        }

        return sum * 2 / Math.Sqrt(Math.PI);
    }

    private static double ComplementOf(double x)
    {
        double fraction = 0;
        for (var k = 80; k > 0; k--) fraction = k / 2.0 / (x + fraction);
        return Math.Exp(-x * x) / (x + fraction) / Math.Sqrt(Math.PI);
    }
}
