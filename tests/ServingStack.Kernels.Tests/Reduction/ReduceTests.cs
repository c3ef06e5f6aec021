using ServingStack.Kernels.Reduction;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Reduction;

public class ReduceTests
{
    private static readonly Dictionary<string, Func<nint, nint, long, long, long, BoundKernel>> Kernels = new()
    {
        ["sum"] = Of(default(Sum)),
        ["mean"] = Of(default(Mean)),
        ["max"] = Of(default(Max)),
        ["min"] = Of(default(Min)),
        ["sumsquare"] = Of(default(SumSquare)),
        ["l2"] = Of(default(L2)),
    };

    private static readonly (int Outer, int Length, int Inner)[] Sizes =
        [(1, 1, 1), (3, 17, 1), (5, 64, 1), (2, 1000, 1), (2, 7, 5), (3, 49, 32), (1, 10, 100)];

    public static TheoryData<string> Names => [.. ReferenceReduction.Functions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Reduce_InnerOrOuterAxis_AgreesWithItsTwin(string name)
    {
        foreach (var (outer, length, inner) in Sizes)
        {
            var x = TestNumbers.Floats(length, outer * length * inner);
            var expected = ReferenceReduction.Reduce(x, outer, length, inner, ReferenceReduction.Functions[name]);
            var actual = KernelRun.Of<float, float>(x, outer * inner, (from, to) => Kernels[name](from, to, outer, length, inner), 2);
            Near.Equal(expected, actual, 2 * Math.Sqrt(length), 4 * Math.Sqrt(length), $"{name} {outer}x{length}x{inner}");
        }
    }

    [Theory]
    [InlineData(false, false, new long[] { 1, 0, 3 })]
    [InlineData(false, true, new long[] { 3, 0, 3 })]
    [InlineData(true, false, new long[] { 2, 1, 0 })]
    [InlineData(true, true, new long[] { 2, 3, 1 })]
    public void ArgMax_EqualValues_TakesTheFirstOrTheLast(bool least, bool last, long[] expected)
    {
        float[] rows = [1, 7, 0, 7, /**/ 4, -3, 2, -3, /**/ 1, 1, 2, 5];
        Assert.Equal(expected, KernelRun.Of<float, long>(rows, 3, (x, y) => ArgMax.Bind(DataType.Float32, x, y, 3, 4, 1, least, last)));
    }

    [Fact]
    public void ArgMax_OuterAxisOfSignedBytes_ComparesSigned()
    {
        sbyte[] x = [-128, 5, -1, 4, -2, 6];
        Assert.Equal([1, 2], KernelRun.Of<sbyte, long>(x, 2, (from, to) => ArgMax.Bind(DataType.Int8, from, to, 1, 3, 2)));
    }

    private static Func<nint, nint, long, long, long, BoundKernel> Of<TReduction>(TReduction reduction)
        where TReduction : struct, IReduction => (x, y, outer, length, inner) => Reduce.Bind(reduction, x, y, outer, length, inner);
}
