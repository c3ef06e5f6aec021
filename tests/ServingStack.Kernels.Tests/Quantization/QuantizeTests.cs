using ServingStack.Kernels.Quantization;

namespace ServingStack.Kernels.Tests.Quantization;

public class QuantizeTests
{
    [Theory]
    [InlineData(DataType.UInt8, 0.1f, 128)]
    [InlineData(DataType.UInt8, 0.02f, 0)]
    [InlineData(DataType.UInt8, 3.7f, 255)]
    [InlineData(DataType.Int8, 0.1f, 0)]
    [InlineData(DataType.Int8, 0.031f, -128)]
    public void Quantize_PerTensor_EqualsTheDefinition(DataType type, float scale, int zeroPoint)
    {
        var parameters = new QuantizationParameters(type, scale, zeroPoint);
        foreach (var count in (int[])[1, 15, 16, 17, 64, 1000])
        {
            var x = WithHalves(count, scale);
            var axis = QuantizationAxis.PerTensor(scale, zeroPoint, count);
            var actual = KernelRun.Of<float, byte>(x, count, (from, to) => Quantize.Bind(type, axis, from, to), 3);
            Assert.Equal(x.Select(value => (byte)parameters.Quantize(value)), actual);
        }
    }

    [Fact]
    public void Quantize_NumbersOutOfRange_Saturate()
    {
        float[] x = [1e30f, -1e30f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 300, -300, 0];
        Assert.Equal([255, 0, 255, 0, 0, 255, 0, 7], Run(x, DataType.UInt8, 7));
        Assert.Equal([127, 128, 127, 128, 128, 127, 128, 7], Run(x, DataType.Int8, 7));
    }

    [Theory]
    [InlineData(3, 5, 1)]
    [InlineData(4, 33, 1)]
    [InlineData(2, 3, 49)]
    [InlineData(1, 7, 16)]
    public void Quantize_PerChannel_EqualsTheDefinition(int outer, int channels, int inner)
    {
        var (scales, zeroPoints) = Channels(channels);
        var x = TestNumbers.Floats(7, outer * channels * inner);
        var axis = new QuantizationAxis(scales, zeroPoints, outer, inner);
        var actual = KernelRun.Of<float, sbyte>(x, x.Length, (from, to) => Quantize.Bind(DataType.Int8, axis, from, to), 2);
        Assert.Equal(x.Select((value, i) => (sbyte)Of(i).Quantize(value)), actual);

        QuantizationParameters Of(int i) => new(DataType.Int8, scales[i / inner % channels], zeroPoints[i / inner % channels]);
    }

    [Theory]
    [InlineData(3, 5, 1)]
    [InlineData(4, 33, 1)]
    [InlineData(2, 3, 49)]
    [InlineData(1, 1, 100)]
    public void Dequantize_PerChannel_EqualsTheDefinition(int outer, int channels, int inner)
    {
        var (scales, zeroPoints) = Channels(channels);
        var axis = new QuantizationAxis(scales, zeroPoints, outer, inner);
        var count = outer * channels * inner;
        Check(TestNumbers.Bytes(1, count), DataType.UInt8, q => q);
        Check(TestNumbers.SignedBytes(1, count), DataType.Int8, q => q);
        Check([.. TestNumbers.Bytes(1, count).Select(value => (value - 100) * 12345)], DataType.Int32, q => q);

        void Check<T>(T[] x, DataType type, Func<T, int> number)
            where T : unmanaged => Assert.Equal(
                x.Select((q, i) => (number(q) - zeroPoints[i / inner % channels]) * scales[i / inner % channels]),
                KernelRun.Of<T, float>(x, count, (from, to) => Dequantize.Bind(type, axis, from, to), 2));
    }

    [Fact]
    public void QuantizationAxis_UnequalCounts_AreRefused() =>
        Assert.Throws<ArgumentException>(() => new QuantizationAxis([1f, 2f], [0], 1, 1));

    private static byte[] Run(float[] x, DataType type, int zeroPoint) => KernelRun.Of<float, byte>(
        x, x.Length, (from, to) => Quantize.Bind(type, QuantizationAxis.PerTensor(0.5f, zeroPoint, x.Length), from, to));

    /// <summary>Random numbers, every third one an exact or nearly exact half of a step.</summary>
    private static float[] WithHalves(int count, float scale)
    {
        var x = TestNumbers.Floats(count, count, 200 * scale);
        for (var i = 0; i < count; i += 3) x[i] = (MathF.Floor(x[i] / scale) + 0.5f) * scale;
        return x;
    }

    private static (float[] Scales, int[] ZeroPoints) Channels(int channels) => (
        [.. TestNumbers.Floats(3, channels).Select(value => 0.01f + MathF.Abs(value) / 50)],
        [.. TestNumbers.SignedBytes(4, channels).Select(value => (int)value)]);
}
