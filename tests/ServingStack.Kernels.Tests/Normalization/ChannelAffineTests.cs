using ServingStack.Kernels.Normalization;

namespace ServingStack.Kernels.Tests.Normalization;

public class ChannelAffineTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(16, 15)]
    [InlineData(17, 32)]
    [InlineData(100, 3)]
    public void ChannelAffine_TwoParts_ScalesAndShiftsEachChannel(int first, int second)
    {
        const int pixels = 5;
        var channels = first + second;
        float[][] x = [TestNumbers.Floats(1, pixels * first), TestNumbers.Floats(2, pixels * second)];
        var (factors, shifts) = (TestNumbers.Floats(3, channels), TestNumbers.Floats(4, channels));
        var expected = Enumerable.Range(0, pixels * channels).Select(i =>
        {
            var (pixel, c) = (i / channels, i % channels);
            var number = c < first ? x[0][(pixel * first) + c] : x[1][(pixel * second) + c - first];
            return Math.Clamp(MathF.FusedMultiplyAdd(number, factors[c], shifts[c]), 0, 6);
        });

        Assert.Equal(expected, KernelRun.Of<float, float>(x, pixels * channels, (from, to) =>
            ChannelAffine.Bind(new(from, [first, second]), to, pixels, factors, shifts, 0, 6), 2));
    }

    [Fact]
    public void ChannelAffine_OneShiftMissing_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ChannelAffine.Bind(new([1], [2]), 1, 1, [1f, 2f], [1f]));
}
