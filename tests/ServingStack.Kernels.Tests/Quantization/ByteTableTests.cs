using ServingStack.Kernels.Quantization;

namespace ServingStack.Kernels.Tests.Quantization;

public class ByteTableTests
{
    private static readonly QuantizationParameters Unsigned = new(DataType.UInt8, 0.05f, 100);
    private static readonly QuantizationParameters Signed = new(DataType.Int8, 1f / 128, -3);

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(20_000)]
    public void TableLookup_AnyFunction_EqualsDequantizeComputeQuantize(int count)
    {
        var x = TestNumbers.Bytes(1, count);
        var sigmoid = ByteTable.Of(Unsigned, Signed, v => 1 / (1 + MathF.Exp(-v)));
        Assert.Equal(
            x.Select(q => (sbyte)Signed.Quantize(1 / (1 + MathF.Exp(-Unsigned.Dequantize(q))))),
            KernelRun.Of<byte, sbyte>(x, count, (from, to) => TableLookup.Bind("sigmoid", sigmoid, from, to, count), 2));
        var back = ByteTable.Requantize(Signed, Unsigned);
        Assert.Equal(
            x.Select(q => (byte)Unsigned.Quantize(Signed.Dequantize((sbyte)q))),
            KernelRun.Of<byte, byte>(x, count, (from, to) => TableLookup.Bind("requantize", back, from, to, count)));
    }

    [Fact]
    public void Clamp_OfSignedNumbers_KeepsTheirOrder()
    {
        sbyte[] x = [-128, -5, -4, 0, 6, 7, 127];
        var table = ByteTable.Clamp(DataType.Int8, -4, 6);
        var actual = KernelRun.Of<sbyte, sbyte>(x, 7, (from, to) => TableLookup.Bind("clip", table, from, to, 7));
        Assert.Equal([-4, -4, -4, 0, 6, 6, 6], actual);
    }

    [Theory]
    [InlineData(DataType.Float32, 1f, 0)]
    [InlineData(DataType.UInt8, 0f, 0)]
    [InlineData(DataType.UInt8, float.NaN, 0)]
    [InlineData(DataType.UInt8, 1f, 256)]
    [InlineData(DataType.Int8, 1f, 128)]
    public void Requantize_ParametersThatMakeNoSense_AreRefused(DataType type, float scale, int zeroPoint) =>
        Assert.Throws<ArgumentException>(() => ByteTable.Requantize(new(type, scale, zeroPoint), Unsigned));

    [Fact]
    public void QuantizedConcat_DifferentScales_BringsEachToTheOutputs()
    {
        byte[] a = TestNumbers.Bytes(1, 3 * 70), b = TestNumbers.Bytes(2, 3 * 33);
        var actual = KernelRun.Of<byte, byte>(
            [a, b], 3 * 103, (x, y) => QuantizedConcat.Bind(x, [Unsigned, Signed], [[3, 70], [3, 33]], 1, y, Unsigned));
        var expected = Enumerable.Range(0, 3).SelectMany(row => a[(row * 70)..((row + 1) * 70)].Concat(
            b[(row * 33)..((row + 1) * 33)].Select(q => (byte)Unsigned.Quantize(Signed.Dequantize((sbyte)q)))));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void QuantizedConcat_EqualScales_IsACopy()
    {
        byte[] a = TestNumbers.Bytes(1, 5), b = TestNumbers.Bytes(2, 9);
        var actual = KernelRun.Of<byte, byte>(
            [a, b], 14, (x, y) => QuantizedConcat.Bind(x, [Unsigned, Unsigned], [[5], [9]], 0, y, Unsigned));
        Assert.Equal([.. a, .. b], actual);
    }
}
