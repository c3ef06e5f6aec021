using ServingStack.Kernels.Normalization;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Normalization;

public class NormalizationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(768)]
    public void LayerNormalization_AnyLength_AgreesWithItsTwin(int length)
    {
        var x = TestNumbers.Floats(length, 4 * length);
        float[] scale = TestNumbers.Floats(1, length), bias = TestNumbers.Floats(2, length);
        var expected = ReferenceNormalization.Layer(x, scale, bias, 4, 1e-5);
        var actual = KernelRun.Of<float, float>([x, scale, bias], x.Length, (a, y) =>
            LayerNormalization.Bind(a[0], a[1], a[2], y, 4, length), 3);
        Near.Equal(expected, actual, 16, 4);
        var noBias = KernelRun.Of<float, float>([x, scale], x.Length, (a, y) => LayerNormalization.Bind(a[0], a[1], 0, y, 4, length));
        Near.Equal([.. expected.Select((value, i) => value - bias[i % length])], noBias, 16, 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(64)]
    public void BatchNormalization_AnyChannels_AgreesWithItsTwin(int channels)
    {
        var x = TestNumbers.Floats(3, 9 * channels);
        float[] scale = TestNumbers.Floats(1, channels), bias = TestNumbers.Floats(2, channels);
        var mean = TestNumbers.Floats(3, channels);
        float[] variance = [.. TestNumbers.Floats(4, channels).Select(MathF.Abs)];
        double[] expected = [.. ReferenceNormalization.Batch(x, scale, bias, mean, variance, 1e-3f).Select(value => Math.Min(6, value))];
        var actual = KernelRun.Of<float, float>(x, x.Length, (from, to) =>
            BatchNormalization.Bind(from, to, 9, scale, bias, mean, variance, 1e-3f, clampMax: 6), 2);
        // The terms may be large and cancel: relative to the largest term.
        Near.Equal(expected, actual, 8, 4 * 8 / Math.Sqrt(variance.Min() + 1e-3));
    }

    [Theory]
    [InlineData(1, 5, 0.75f)]
    [InlineData(16, 5, 0.75f)]
    [InlineData(33, 5, 0.75f)]
    [InlineData(33, 4, 0.75f)]
    [InlineData(64, 1, 0.6f)]
    public void LocalResponseNormalization_AnySize_AgreesWithItsTwin(int channels, int size, float beta)
    {
        var x = TestNumbers.Floats(3, 6 * channels, 50);
        var expected = ReferenceNormalization.LocalResponse(x, channels, size, 0.01f, beta, 2);
        var actual = KernelRun.Of<float, float>(x, x.Length, (from, to) =>
            LocalResponseNormalization.Bind(from, to, 6, channels, size, 0.01f, beta, 2), 2);
        Near.Equal(expected, actual, 16);
    }
}
