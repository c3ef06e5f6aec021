using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Elementwise;

public class SelectionTests
{
    private static readonly long[] ShapeA = [2, 3, 5];
    private static readonly long[] ShapeB = [3, 1];

    [Fact]
    public void Compare_Broadcast_AgreesWithItsDefinition()
    {
        Check<Less<float>>((a, b) => a < b);
        Check<LessOrEqual<float>>((a, b) => a <= b);
        Check<Greater<float>>((a, b) => a > b);
        Check<GreaterOrEqual<float>>((a, b) => a >= b);
        Check<Equal<float>>((a, b) => a == b);

        static void Check<TPredicate>(Func<float, float, bool> twin)
            where TPredicate : struct, IPredicate<float>
        {
            float[] a = [.. TestNumbers.Floats(1, 30).Select(v => MathF.Round(v))], b = [1, float.NaN, -2];
            var expected = ReferenceElementwise.Binary((p, q) => twin(p, q) ? 1f : 0f, a, ShapeA, b, ShapeB, ShapeA).Select(v => (byte)v);
            Assert.Equal(expected, KernelRun.Of<float, byte>([a, b], 30, (x, y) =>
                Compare.Bind<float, TPredicate>(default, new(x[0], ShapeA, x[1], ShapeB, y, ShapeA))));
        }
    }

    [Fact]
    public void Logic_OfBools_AgreesWithItsDefinition()
    {
        byte[] a = [0, 0, 1, 1], b = [0, 1, 0, 1];
        Assert.Equal([0, 0, 0, 1], Run<And>());
        Assert.Equal([0, 1, 1, 1], Run<Or>());
        Assert.Equal([0, 1, 1, 0], Run<Xor>());
        Assert.Equal([1, 1, 0, 0], KernelRun.Of<byte, byte>(a, 4, (x, y) => Unary.Bind<byte, Not>(default, x, y, 4)));

        byte[] Run<TOperation>()
            where TOperation : struct, IBinaryOperation<byte> =>
            KernelRun.Of<byte, byte>([a, b], 4, (x, y) => Binary.Bind<byte, TOperation>(default, new(x[0], [4], x[1], [4], y, [4])));
    }

    [Fact]
    public void Where_Broadcast_PicksFromEither()
    {
        float[] a = TestNumbers.Floats(1, 30), b = TestNumbers.Floats(2, 3);
        byte[] condition = [1, 0, 0, 255, 0];
        using var conditions = GuardedBuffer.Of<byte>(condition);
        var expected = ReferenceTensor.Indices(ShapeA).Select(index =>
            condition[index[2]] != 0 ? a[ReferenceTensor.Flat(index, ShapeA)] : b[ReferenceTensor.FlatBroadcast(index, ShapeB)]);
        Assert.Equal(expected, KernelRun.Of<float, float>([a, b], 30, (x, y) =>
            Where.Bind(DataType.Float32, conditions.Address, [5], new(x[0], ShapeA, x[1], ShapeB, y, ShapeA))));
    }

    [Fact]
    public void Cast_BetweenTypes_FollowsOnnx()
    {
        float[] x = [1.9f, -1.9f, 300, -300, 0, float.NaN];
        Assert.Equal([1, -1, 300, -300, 0, 0], Run<float, int>(x, DataType.Float32, DataType.Int32));
        Assert.Equal([1L, -1, 300, -300, 0, 0], Run<float, long>(x, DataType.Float32, DataType.Int64));
        Assert.Equal([1, 0, 255, 0, 0, 0], Run<float, byte>(x, DataType.Float32, DataType.UInt8));
        Assert.Equal([1, 1, 1, 1, 0, 1], Run<float, byte>(x, DataType.Float32, DataType.Bool));
        Assert.Equal([1.5f, -2f], Run<Half, float>([(Half)1.5f, (Half)(-2f)], DataType.Float16, DataType.Float32));
        Assert.Equal([-1f, 5f], Run<long, float>([-1, 5], DataType.Int64, DataType.Float32));
        Assert.Equal([7, -1], Run<long, int>([(1L << 32) + 7, -1], DataType.Int64, DataType.Int32));
        Assert.Equal([1f, 0f], Run<byte, float>([1, 0], DataType.Bool, DataType.Float32));
    }

    private static TTo[] Run<TFrom, TTo>(TFrom[] x, DataType from, DataType to)
        where TFrom : unmanaged
        where TTo : unmanaged => KernelRun.Of<TFrom, TTo>(x, x.Length, (a, y) => Cast.Bind(from, to, a, y, x.Length));
}
