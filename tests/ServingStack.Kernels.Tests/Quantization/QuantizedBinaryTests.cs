using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Quantization;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Quantization;

public class QuantizedBinaryTests
{
    public static TheoryData<DataType, DataType, DataType> Types
    {
        get
        {
            DataType[] types = [DataType.UInt8, DataType.Int8];
            var all = new TheoryData<DataType, DataType, DataType>();
            foreach (var a in types)
                foreach (var b in types)
                    foreach (var y in types)
                        all.Add(a, b, y);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void QuantizedBinary_SameShape_EqualsItsTwinBitForBit(DataType a, DataType b, DataType y)
    {
        foreach (var count in (long[])[1, 15, 16, 17, 63, 1000])
        {
            Check(a, b, y, [count], [count], [count], float.NegativeInfinity, float.PositiveInfinity);
            Check(a, b, y, [count], [count], [count], -10, 60);
        }
    }

    [Fact]
    public void QuantizedBinary_Broadcast_EqualsItsTwinBitForBit()
    {
        Check(DataType.UInt8, DataType.UInt8, DataType.UInt8, [3, 5, 24], [24], [3, 5, 24], 0, 255);
        Check(DataType.UInt8, DataType.Int8, DataType.UInt8, [2, 7, 7, 20], [2, 1, 1, 20], [2, 7, 7, 20], 0, 255);
        Check(DataType.Int8, DataType.UInt8, DataType.UInt8, [1], [3, 33], [3, 33], 0, 255);
    }

    private static void Check(DataType ta, DataType tb, DataType ty, long[] shapeA, long[] shapeB, long[] shapeY, float low, float high)
    {
        var (pa, pb, py) = (Parameters(ta, 0.037f, 11), Parameters(tb, 0.05f, -7), Parameters(ty, 0.06f, 3));
        var a = TestNumbers.Bytes(1, TestNumbers.Count(shapeA));
        var b = TestNumbers.Bytes(2, TestNumbers.Count(shapeB));
        byte[] Twin(Func<int, int, QuantizationParameters, QuantizationParameters, QuantizationParameters, float, float, int> f) =>
            ReferenceElementwise.Binary(
                (p, q) => (byte)f(Number(p, ta), Number(q, tb), pa, pb, py, low, high), a, shapeA, b, shapeB, shapeY);

        var count = (int)TestNumbers.Count(shapeY);
        Assert.Equal(Twin(ReferenceQuantization.Add), KernelRun.Of<byte, byte>([a, b], count, (x, y) =>
            QuantizedBinary.BindAdd(new BinaryOperands(x[0], shapeA, x[1], shapeB, y, shapeY), pa, pb, py, low, high), 2));
        Assert.Equal(Twin(ReferenceQuantization.Mul), KernelRun.Of<byte, byte>([a, b], count, (x, y) =>
            QuantizedBinary.BindMul(new BinaryOperands(x[0], shapeA, x[1], shapeB, y, shapeY), pa, pb, py, low, high), 2));
    }

    private static QuantizationParameters Parameters(DataType type, float scale, int offset) =>
        new(type, scale, type == DataType.UInt8 ? 128 + offset : offset);

    private static int Number(byte bits, DataType type) => type == DataType.Int8 ? (sbyte)bits : bits;
}
