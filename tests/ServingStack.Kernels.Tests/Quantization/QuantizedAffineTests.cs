using ServingStack.Kernels.Quantization;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Quantization;

public class QuantizedAffineTests
{
    [Theory]
    [InlineData(DataType.UInt8, DataType.UInt8)]
    [InlineData(DataType.UInt8, DataType.Int8)]
    [InlineData(DataType.Int8, DataType.UInt8)]
    [InlineData(DataType.Int8, DataType.Int8)]
    public void QuantizedAffine_AnyChannels_EqualsItsTwinBitForBit(DataType x, DataType y)
    {
        foreach (var channels in (int[])[1, 15, 16, 17, 100])
        {
            Check(x, y, channels, float.NegativeInfinity, float.PositiveInfinity);
            Check(x, y, channels, 3, 60);
        }
    }

    [Fact]
    public void QuantizedAffine_OneShiftMissing_IsRefused() => Assert.Throws<ArgumentException>(() =>
        QuantizedAffine.Bind(new([1], [2]), 1, 1, [1f, 2f], [1f], new(DataType.UInt8, 1, 0), new(DataType.UInt8, 1, 0)));

    private static byte[] Columns(byte[] x, int width, int first, int end) =>
        [.. x.Where((_, i) => i % width >= first && i % width < end)];

    private static void Check(DataType tx, DataType ty, int channels, float low, float high)
    {
        const int pixels = 7;
        var (px, py) = (new QuantizationParameters(tx, 0.037f, 11), new QuantizationParameters(ty, 0.06f, 3));
        var x = TestNumbers.Bytes(1, pixels * channels);
        var (factors, shifts) = (TestNumbers.Floats(2, channels), TestNumbers.Floats(3, channels));
        var expected = x.Select((bits, i) => (byte)ReferenceQuantization.Affine(
            tx == DataType.Int8 ? (sbyte)bits : bits, factors[i % channels], shifts[i % channels], px, py, low, high)).ToArray();

        Assert.Equal(expected, KernelRun.Of<byte, byte>(x, x.Length, (from, to) =>
            QuantizedAffine.Bind(new([from], [channels]), to, pixels, factors, shifts, px, py, low, high), 3));
        if (channels == 1) return;

        var first = channels / 3 + 1;
        byte[][] parts = [Columns(x, channels, 0, first), Columns(x, channels, first, channels)];
        Assert.Equal(expected, KernelRun.Of<byte, byte>(parts, x.Length, (from, to) =>
            QuantizedAffine.Bind(new(from, [first, channels - first]), to, pixels, factors, shifts, px, py, low, high), 3));
    }
}
