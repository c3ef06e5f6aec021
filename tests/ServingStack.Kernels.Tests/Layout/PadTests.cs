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
            var bytes = TestNumbers.Bytes(1, TestNumbers.Count(shape));
            Assert.Equal(
                Twin(bytes, shape, before, after, mode, (byte)77),
                KernelRun.Of<byte, byte>(bytes, Count(), (from, to) => Pad.Bind(DataType.UInt8, from, shape, before, after, mode, 77, to), 2));
            var floats = TestNumbers.Floats(1, TestNumbers.Count(shape));
            Assert.Equal(
                Twin(floats, shape, before, after, mode, -1.5f),
                KernelRun.Of<float, float>(floats, Count(), (from, to) =>
                    Pad.Bind(DataType.Float32, from, shape, before, after, mode, BitConverter.SingleToUInt32Bits(-1.5f), to)));
        }

        int Count() => (int)TestNumbers.Count(Padded(shape, before, after));
    }

    [Fact]
    public void Pad_CropsMoreThanThereIs_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Pad.Bind(DataType.UInt8, 0, [3], [-2], [-2], PadMode.Constant, 0, 0));

    private static long[] Padded(long[] shape, long[] before, long[] after) =>
        [.. shape.Select((size, axis) => size + before[axis] + after[axis])];

    private static T[] Twin<T>(T[] x, long[] shape, long[] before, long[] after, PadMode mode, T value) =>
        [.. ReferenceTensor.Indices(Padded(shape, before, after)).Select(index =>
        {
            long[] source = [.. index.Select((i, axis) => Walk(i - before[axis], shape[axis], mode))];
            return source.Contains(-1) ? value : x[ReferenceTensor.Flat(source, shape)];
        })];

    /// <summary>Walks back into the axis step by step.</summary>
    private static long Walk(long i, long length, PadMode mode)
    {
        while (i < 0 || i >= length)
        {
            if (mode == PadMode.Constant) return -1;
            if (mode == PadMode.Edge || length == 1) i = i < 0 ? 0 : length - 1;
            else if (mode == PadMode.Reflect) i = i < 0 ? -i : (2 * (length - 1)) - i;
            else i += i < 0 ? length : -length;
        }

        return i;
    }
}
