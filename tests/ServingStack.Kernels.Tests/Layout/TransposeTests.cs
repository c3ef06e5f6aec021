using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Layout;

public class TransposeTests
{
    public static TheoryData<long[], int[]> Cases => new()
    {
        { [1, 3, 35], [0, 2, 1] },
        { [2, 3, 700], [0, 2, 1] },
        { [2, 64, 49], [0, 2, 1] },
        { [2, 49, 64], [0, 2, 1] },
        { [3, 17, 8, 9], [0, 2, 3, 1] },
        { [3, 8, 9, 17], [0, 3, 1, 2] },
        { [70, 33], [1, 0] },
        { [5, 4, 34], [0, 2, 1] },
        { [5, 4, 64], [0, 2, 1] },
        { [8, 8], [1, 0] },
        { [7, 3], [1, 0] },
        { [2, 3, 4, 5], [3, 2, 1, 0] },
        { [2, 3, 4, 5], [1, 0, 3, 2] },
        { [2, 3, 4, 5], [0, 1, 2, 3] },
        { [2, 3, 4, 5], [2, 0, 1, 3] },
        { [5], [0] },
        { [0, 3], [1, 0] },
        { [], [] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Transpose_AnyPermutation_MovesEachElement(long[] shape, int[] permutation)
    {
        var bytes = TestNumbers.Bytes(1, TestNumbers.Count(shape));
        Check(bytes, DataType.UInt8, shape, permutation);
        Check(TestNumbers.Floats(1, bytes.Length), DataType.Float32, shape, permutation);
        Check([.. bytes.Select(value => (long)value << 40)], DataType.Int64, shape, permutation);
        Check([.. bytes.Select(value => (ushort)(value * 257))], DataType.Float16, shape, permutation);
    }

    [Fact]
    public void Transpose_InParts_EqualsOnePart()
    {
        var x = TestNumbers.Bytes(2, 3 * 100 * 130);
        Assert.Equal(Run(1), Run(3));

        byte[] Run(int parts) =>
            KernelRun.Of<byte, byte>(x, x.Length, (from, to) => Transpose.BindToChannelsLast(DataType.UInt8, from, 3, 100, 130, to), parts);
    }

    [Fact]
    public void Transpose_NotAPermutation_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Transpose.Bind(DataType.UInt8, 0, [2, 3], [0, 0], 0));

    private static void Check<T>(T[] x, DataType type, long[] shape, int[] permutation)
        where T : unmanaged
    {
        var expected = ReferenceLayout.Transpose(x, shape, permutation);
        Assert.Equal(expected, KernelRun.Of<T, T>(x, x.Length, (from, to) => Transpose.Bind(type, from, shape, permutation, to)));
    }
}
