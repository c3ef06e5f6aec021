using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Elementwise;

public class UnaryTests
{
    private static readonly float[] Special =
    [
        0f, -0f, 1f, -1f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 3f, 6f, -3f, 20f, -20f, 88.7f, -87.4f, 90f, -110f, 1e-7f, -1e-7f,
        float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue, float.Epsilon,
    ];

    // Name, kernel, definition, tolerance in units of 2^-23 (0 = exact) relative to at least `floor`.
    private static readonly Dictionary<string, (Func<nint, nint, long, BoundKernel> Bind, Func<double, double> Twin, double Ulps, double Floor)> Cases = new()
    {
        ["relu"] = (Of(default(Relu)), x => Math.Max(x, 0), 0, 0),
        ["leakyrelu"] = (Of(new LeakyRelu(0.25f)), x => x < 0 ? x * 0.25 : x, 0, 0),
        ["clip"] = (Of(new Clip(-1, 6)), x => double.IsNaN(x) ? x : Math.Clamp(x, -1, 6), 0, 0),
        ["sigmoid"] = (Of(default(Sigmoid)), x => 1 / (1 + Math.Exp(-x)), 4, 1e-37),
        ["tanh"] = (Of(default(Tanh)), Math.Tanh, 4, 0),
        ["exp"] = (Of(default(Exp)), Math.Exp, 4, 1e-37),
        ["log"] = (Of(default(Log)), Math.Log, 4, 0),
        ["sqrt"] = (Of(default(Sqrt)), Math.Sqrt, 0.5, 0),
        ["neg"] = ((x, y, n) => Unary.Bind<float, Neg<float>>(default, x, y, n), x => -x, 0, 0),
        ["abs"] = ((x, y, n) => Unary.Bind<float, Abs<float>>(default, x, y, n), Math.Abs, 0, 0),
        ["erf"] = (Of(default(Erf)), x => double.IsNaN(x) ? x : ReferenceElementwise.Erf(x), 4, 0),
        ["gelu"] = (Of(default(Gelu)), x => x * 0.5 * (1 + ReferenceElementwise.Erf(x / Math.Sqrt(2))), 8, 1),
        ["gelutanh"] = (Of(default(GeluTanh)), x => x * 0.5 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))), 16, 1),
        ["hardsigmoid"] = (Of(new HardSigmoid(0.2f, 0.5f)), x => Math.Max(0, Math.Min(1, (0.2f * x) + 0.5)), 2, 1),
        ["hardswish"] = (Of(default(HardSwish)), x => x * Math.Max(0, Math.Min(1, (x / 6) + 0.5)), 8, 1),
        ["elu"] = (Of(new Elu(1.5f)), x => x < 0 ? 1.5 * (Math.Exp(x) - 1) : x, 4, 1),
        ["softplus"] = (Of(default(Softplus)), x => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))), 4, 1),
        ["floor"] = (Of(default(Floor)), Math.Floor, 0, 0),
        ["ceil"] = (Of(default(Ceil)), Math.Ceiling, 0, 0),
        ["round"] = (Of(default(Round)), x => Math.Round(x, MidpointRounding.ToEven), 0, 0),
        ["reciprocal"] = (Of(default(Reciprocal)), x => 1 / x, 0.5, 0),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Unary_AnyLength_AgreesWithItsDefinition(string name)
    {
        var (bind, twin, ulps, floor) = Cases[name];
        foreach (var count in (int[])[0, 1, 7, 15, 16, 17, 31, 33, 64, 100])
        {
            var x = TestNumbers.Floats(count, count, name == "log" ? 100 : 12);
            var actual = KernelRun.Of<float, float>(x, count, (from, to) => bind(from, to, count));
            Near.Equal([.. x.Select(value => twin(value))], actual, ulps, floor, $"{name} of {count}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Unary_SpecialNumber_AgreesWithItsDefinition(string name)
    {
        var (bind, twin, ulps, floor) = Cases[name];
        // A product with infinity is where the fused definitions part from the formula; ONNX leaves it open.
        var x = name is "gelu" or "gelutanh" or "hardswish" or "softplus" ? Special.Where(float.IsFinite).Where(v => Math.Abs(v) < 1e30).ToArray() : Special;
        var actual = KernelRun.Of<float, float>(x, x.Length, (from, to) => bind(from, to, x.Length));
        Near.Equal([.. x.Select(value => twin(value))], actual, ulps, floor, name);
    }

    [Fact]
    public void Unary_ElementAtAnyPlace_GivesTheSameBits()
    {
        var x = TestNumbers.Floats(5, 67);
        var whole = KernelRun.Of<float, float>(x, x.Length, (from, to) => Unary.Bind(default(Tanh), from, to, x.Length));
        for (var start = 1; start < 20; start++)
        {
            var tail = x[start..];
            Assert.Equal(whole[start..], KernelRun.Of<float, float>(tail, tail.Length, (from, to) => Unary.Bind(default(Tanh), from, to, tail.Length)));
        }
    }

    [Fact]
    public void Unary_InParts_EqualsOnePart()
    {
        var x = TestNumbers.Floats(6, 50_001);
        var whole = KernelRun.Of<float, float>(x, x.Length, (from, to) => Unary.Bind(default(Exp), from, to, x.Length));
        foreach (var parts in (int[])[2, 3, 7])
            Assert.Equal(whole, KernelRun.Of<float, float>(x, x.Length, (from, to) => Unary.Bind(default(Exp), from, to, x.Length), parts));
    }

    private static Func<nint, nint, long, BoundKernel> Of<TOperation>(TOperation operation)
        where TOperation : struct, IUnaryOperation<float> => (x, y, count) => Unary.Bind(operation, x, y, count);
}
