using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Layout;

public class PadTests
{
    public static TheoryData<long[], long[], long[]> Cases => new()
    {
        { [5], [2], [3] },
        { [2, 4, 5, 3], [0, 1, 2, 0], [0, 2, 1, 0] },
        { [2, 3, 3, 16], [0, 0, 0, 8], [0, 0, 0, 8] },
        { [2, 4, 5], [1, 0, 2], [0, 3, 1] },
        { [4, 6], [0, -2], [1, -1] },
        { [3, 4], [0, 0], [0, 0] },
        { [1, 4], [2, 3], [2, 3] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pad_AnyMode_EqualsItsTwin(long[] shape, long[] before, long[] after)
    {
        foreach (var mode in Enum.GetValues<PadMode>())
        {
            Check(TestNumbers.Bytes(1, TestNumbers.Count(shape)), DataType.UInt8, (byte)77, 77, mode);
            var floats = TestNumbers.Floats(1, TestNumbers.Count(shape));
            Check(floats, DataType.Float32, -1.5f, BitConverter.SingleToUInt32Bits(-1.5f), mode);
        }

        void Check<T>(T[] x, DataType type, T value, ulong bits, PadMode mode)
            where T : unmanaged
        {
            var expected = ReferenceLayout.Pad(x, shape, before, after, mode, value);
            var actual = KernelRun.Of<T, T>(
                x, expected.Length, (from, to) => Pad.Bind(type, from, shape, before, after, mode, bits, to), 2);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Pad_CropsMoreThanThereIs_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Pad.Bind(DataType.UInt8, 0, [3], [-2], [-2], PadMode.Constant, 0, 0));
}
