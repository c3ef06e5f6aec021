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

    // Tolerance in units of 2^-23 (0 = exact), relative to at least the floor.
    private static readonly Dictionary<string, (Func<nint, nint, long, BoundKernel> Bind, double Ulps, double Floor)> Cases = new()
    {
        ["relu"] = (Of(default(Relu)), 0, 0),
        ["leakyrelu"] = (Of(new LeakyRelu(0.01f)), 1, 0),
        ["sigmoid"] = (Of(default(Sigmoid)), 4, 1e-37),
        ["tanh"] = (Of(default(Tanh)), 4, 0),
        ["exp"] = (Of(default(Exp)), 4, 1e-37),
        ["log"] = (Of(default(Log)), 4, 0),
        ["sqrt"] = (Of(default(Sqrt)), 0.5, 0),
        ["neg"] = (Of(default(Neg<float>)), 0, 0),
        ["abs"] = (Of(default(Abs<float>)), 0, 0),
        ["erf"] = (Of(default(Erf)), 4, 0),
        ["gelu"] = (Of(default(Gelu)), 8, 1),
        ["gelutanh"] = (Of(default(GeluTanh)), 16, 1),
        ["hardsigmoid"] = (Of(new HardSigmoid(0.2f, 0.5f)), 2, 1),
        ["hardswish"] = (Of(default(HardSwish)), 8, 1),
        ["elu"] = (Of(new Elu(1)), 4, 1),
        ["softplus"] = (Of(default(Softplus)), 4, 1),
        ["floor"] = (Of(default(Floor)), 0, 0),
        ["ceil"] = (Of(default(Ceil)), 0, 0),
        ["round"] = (Of(default(Round)), 0, 0),
        ["reciprocal"] = (Of(default(Reciprocal)), 0.5, 0),
    };

    public static TheoryData<string> Names => [.. ReferenceUnary.Functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Unary_AnyLength_AgreesWithItsDefinition(string name)
    {
        var (bind, ulps, floor) = Cases[name];
        var twin = ReferenceUnary.Functions[name];
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
        var (bind, ulps, floor) = Cases[name];
        var twin = ReferenceUnary.Functions[name];
        // A product with infinity is where the fused definitions part from the formula; ONNX leaves it open.
        var open = name is "gelu" or "gelutanh" or "hardswish" or "softplus";
        var x = Special.Where(v => !open || Math.Abs(v) < 1e30f).ToArray();
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
            var actual = KernelRun.Of<float, float>(tail, tail.Length, (from, to) => Unary.Bind(default(Tanh), from, to, tail.Length));
            Assert.Equal(whole[start..], actual);
        }
    }

    [Fact]
    public void Unary_InParts_EqualsOnePart()
    {
        var x = TestNumbers.Floats(6, 50_001);
        foreach (var parts in (int[])[2, 3, 7]) Assert.Equal(Run(1), Run(parts));

        float[] Run(int parts) =>
            KernelRun.Of<float, float>(x, x.Length, (from, to) => Unary.Bind(default(Exp), from, to, x.Length), parts);
    }

    [Fact]
    public void Clip_OfAnything_StaysWithinAndKeepsNaN()
    {
        float[] expected = [-1, -1, 0.5f, 6, 6, float.NaN];
        float[] x = [float.NegativeInfinity, -2, 0.5f, 6, 7, float.NaN];
        Assert.Equal(expected, KernelRun.Of<float, float>(x, x.Length, (from, to) => Unary.Bind(new Clip(-1, 6), from, to, x.Length)));
    }

    private static Func<nint, nint, long, BoundKernel> Of<TOperation>(TOperation operation)
        where TOperation : struct, IUnaryOperation<float> => (x, y, count) => Unary.Bind(operation, x, y, count);
}
