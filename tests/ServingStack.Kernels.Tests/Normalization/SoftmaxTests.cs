using ServingStack.Kernels.Normalization;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Normalization;

public class SoftmaxTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 10, 1)]
    [InlineData(2, 16, 1)]
    [InlineData(2, 33, 1)]
    [InlineData(5, 1000, 1)]
    [InlineData(2, 10, 5)]
    [InlineData(2, 3, 16)]
    [InlineData(2, 7, 37)]
    public void Softmax_AnyAxis_AgreesWithItsTwin(int outer, int length, int inner)
    {
        var x = TestNumbers.Floats(length, outer * length * inner, 30);
        foreach (var logarithm in (bool[])[false, true])
        {
            var actual = KernelRun.Of<float, float>(x, x.Length, (from, to) => Softmax.Bind(from, to, outer, length, inner, logarithm), 3);
            // x - max is below 64, so its rounding alone moves e^(x - max) by 16 units.
            Near.Equal(ReferenceNormalization.Softmax(x, outer, length, inner, logarithm), actual, 24, logarithm ? 1 : 1e-20);
        }
    }

    [Fact]
    public void Softmax_LargeNumbers_DoNotOverflow()
    {
        float[] x = [1e30f, 1e30f, -1e30f];
        Assert.Equal([0.5f, 0.5f, 0], KernelRun.Of<float, float>(x, 3, (from, to) => Softmax.Bind(from, to, 1, 3)));
    }
}
