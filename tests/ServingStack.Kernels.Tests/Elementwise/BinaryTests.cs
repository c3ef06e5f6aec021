using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Elementwise;

public class BinaryTests
{
    private static readonly Dictionary<string, (Func<BinaryOperands, BoundKernel> Bind, Func<float, float, float> Twin)> Cases = new()
    {
        ["add"] = (o => Binary.Bind<float, Add<float>>(default, o), (a, b) => a + b),
        ["sub"] = (o => Binary.Bind<float, Sub<float>>(default, o), (a, b) => a - b),
        ["mul"] = (o => Binary.Bind<float, Mul<float>>(default, o), (a, b) => a * b),
        ["div"] = (o => Binary.Bind(default(Div), o), (a, b) => a / b),
        ["min"] = (o => Binary.Bind<float, Min<float>>(default, o), MathF.Min),
        ["max"] = (o => Binary.Bind<float, Max<float>>(default, o), MathF.Max),
        ["prelu"] = (o => Binary.Bind(default(PRelu), o), (a, b) => a < 0 ? a * b : a),
        ["pow"] = (o => Binary.Bind(default(Pow), o), MathF.Pow),
        ["add_relu6"] = (o => Binary.Bind(new Clamped<Add<float>>(default, 0, 6), o), (a, b) => Math.Clamp(a + b, 0, 6)),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    public static TheoryData<long[], long[], long[]> Shapes => new()
    {
        { [], [], [] },
        { [7], [7], [7] },
        { [3, 5, 37], [3, 5, 37], [3, 5, 37] },
        { [2, 3, 19], [1], [2, 3, 19] },
        { [1], [2, 3, 19], [2, 3, 19] },
        { [4, 6, 33], [33], [4, 6, 33] },
        { [4, 6, 3], [3], [4, 6, 3] },
        { [2, 5, 4, 3], [5, 1, 1], [2, 5, 4, 3] },
        { [8, 1], [1, 21], [8, 21] },
        { [3, 1, 5], [2, 1], [3, 2, 5] },
        { [0, 4], [4], [0, 4] },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Binary_SameShape_AgreesWithItsDefinition(string name)
    {
        foreach (var count in (long[])[1, 15, 16, 17, 64, 77]) Check(name, [count], [count], [count], parts: 1);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Binary_AnyBroadcast_AgreesWithNumpy(long[] a, long[] b, long[] y)
    {
        foreach (var name in (string[])["sub", "div"]) Check(name, a, b, y, parts: 1);
    }

    [Fact]
    public void Binary_BroadcastInParts_AgreesWithNumpy()
    {
        foreach (var parts in (int[])[2, 3, 5]) Check("sub", [50, 7, 37], [7, 1], [50, 7, 37], parts);
    }

    [Fact]
    public void Binary_ShapesThatDoNotBroadcast_AreRefusedWithBothShapes()
    {
        var e = Assert.Throws<ArgumentException>(() =>
            Binary.Bind<float, Add<float>>(default, new BinaryOperands(0, [2, 3], 0, [4], 0, [2, 3])));
        Assert.Contains("[4]", e.Message);
        Assert.Contains("[2, 3]", e.Message);
    }

    [Fact]
    public void Binary_OfIntegers_IsExact()
    {
        long[] a = [1, -5, long.MaxValue, 40, 7, 8, 9, 10, 11], b = [3, 5, 0, -2, 1, 1, 1, 1, 1];
        var actual = KernelRun.Of<long, long>(
            [a, b], 9, (x, y) => Binary.Bind<long, Mul<long>>(default, new(x[0], [9], x[1], [9], y, [9])));
        Assert.Equal(a.Zip(b, (p, q) => p * q), actual);
    }

    private static void Check(string name, long[] shapeA, long[] shapeB, long[] shapeY, int parts)
    {
        var (bind, twin) = Cases[name];
        var a = TestNumbers.Floats(1, TestNumbers.Count(shapeA));
        var b = TestNumbers.Floats(2, TestNumbers.Count(shapeB));
        var expected = ReferenceElementwise.Binary(twin, a, shapeA, b, shapeB, shapeY);
        var actual = KernelRun.Of<float, float>(
            [a, b], expected.Length, (x, y) => bind(new(x[0], shapeA, x[1], shapeB, y, shapeY)), parts);
        Assert.Equal(expected, actual);
    }
}
