using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Normalization;
using ServingStack.Kernels.Pooling;
using ServingStack.Kernels.Quantization;
using ServingStack.Kernels.Reduction;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests;

public class KernelAllocationTests
{
    private static readonly QuantizationParameters Q = new(DataType.UInt8, 0.1f, 3);

    private static readonly PoolProblem Pool =
        new() { Batch = 2, Channels = 20, InputHeight = 6, InputWidth = 6, KernelHeight = 3, KernelWidth = 3 };

    // One of each family; x, z and y are 64 KiB of zeros.
    private static readonly Dictionary<string, Func<nint, nint, nint, BoundKernel>> Families = new()
    {
        ["unary"] = (x, _, y) => Unary.Bind(default(Tanh), x, y, 1001),
        ["binary"] = (x, z, y) => Binary.Bind<float, Add<float>>(default, new(x, [9, 1, 7], z, [5, 1], y, [9, 5, 7])),
        ["pow"] = (x, z, y) => Binary.Bind(default(Pow), new(x, [33], z, [33], y, [33])),
        ["compare"] = (x, z, y) => Compare.Bind<float, Less<float>>(default, new(x, [9, 1, 7], z, [5, 1], y, [9, 5, 7])),
        ["where"] = (x, z, y) => Where.Bind(DataType.Float32, z, [7], new(x, [9, 1, 7], z, [5, 1], y, [9, 5, 7])),
        ["cast"] = (x, _, y) => Cast.Bind(DataType.Float32, DataType.Int64, x, y, 100),
        ["transpose"] = (x, _, y) => Transpose.Bind(DataType.Float32, x, [5, 6, 7, 8], [2, 0, 3, 1], y),
        ["slice"] = (x, _, y) => Slice.Bind(DataType.Float32, x, [9, 9], [8, 0], [-2, 2], [4, 4], y),
        ["pad"] = (x, _, y) => Pad.Bind(DataType.UInt8, x, [2, 6, 6, 3], [0, 1, 1, 0], [0, 1, 1, 0], PadMode.Reflect, 0, y),
        ["concat"] = (x, z, y) => Concat.Bind(DataType.Float32, [x, z], [[9, 3], [9, 4]], 1, y),
        ["maxpool"] = (x, _, y) => MaxPool.Bind(DataType.UInt8, Pool, x, y),
        ["averagepool"] = (x, _, y) => AveragePool.Bind(Pool, x, y),
        ["qaveragepool"] = (x, _, y) => QuantizedAveragePool.Bind(Pool, Q, Q, x, y),
        ["softmax"] = (x, _, y) => Softmax.Bind(x, y, 5, 37),
        ["softmax strided"] = (x, _, y) => Softmax.Bind(x, y, 5, 37, 3),
        ["layernormalization"] = (x, z, y) => LayerNormalization.Bind(x, z, z, y, 5, 37),
        ["batchnormalization"] = (x, _, y) => BatchNormalization.Bind(x, y, 5, new float[9], new float[9], new float[9], new float[9]),
        ["lrn"] = (x, _, y) => LocalResponseNormalization.Bind(x, y, 5, 37, 5),
        ["reduce"] = (x, _, y) => Reduce.Bind(default(Mean), x, y, 5, 37, 1),
        ["reduce strided"] = (x, _, y) => Reduce.Bind(default(Mean), x, y, 5, 37, 3),
        ["argmax"] = (x, _, y) => ArgMax.Bind(DataType.Float32, x, y, 5, 37, 1),
        ["quantize"] = (x, _, y) => Quantize.Bind(DataType.Int8, new([1f, 2f], [], 50, 1), x, y),
        ["dequantize"] = (x, _, y) => Dequantize.Bind(DataType.Int32, new([1f, 2f], [], 5, 10), x, y),
        ["table"] = (x, _, y) => TableLookup.Bind("requantize", ByteTable.Requantize(Q, Q), x, y, 1001),
        ["qadd"] = (x, z, y) => QuantizedBinary.BindAdd(new(x, [9, 1, 7], z, [5, 1], y, [9, 5, 7]), Q, Q, Q),
        ["qaffine"] = (x, _, y) => QuantizedAffine.Bind(new([x, x], [20, 13]), y, 9, new float[33], new float[33], Q, Q),
        ["affine"] = (x, _, y) => ChannelAffine.Bind(new([x, x], [20, 13]), y, 9, new float[33], new float[33]),
        ["qconcat"] = (x, z, y) => QuantizedConcat.Bind([x, z], [Q, Q with { Scale = 1 }], [[9, 3], [9, 4]], 1, y, Q),
        ["gather"] = (x, z, y) => Gather.Bind(new(1, 10, 20, 40), DataType.Int64, x, z, y),
        ["embeddingbag"] = (x, z, y) => EmbeddingBag.Bind(new(new(70, EmbeddingRowType.Int4), DataType.Int64), new(x, 10, z, 20, 4, y)),
        ["embeddingbag managed"] = (x, z, y) => EmbeddingBag.Bind(
            new(new(70, EmbeddingRowType.Int8), DataType.Int32), new(x, 10, z, 20, 4, y), InstructionSet.Portable),
    };

    public static TheoryData<string> Names => [.. Families.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_AnyFamily_AllocatesNothing(string family)
    {
        using NativeBuffer x = new(1 << 16), z = new(1 << 16), y = new(1 << 16);
        var kernel = Families[family](x.Address, z.Address, y.Address);
        kernel.Run(0, 1);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 10; i++) kernel.Run(0, 1);
        });
        Assert.Matches("^[a-z0-9_]+$", kernel.KernelName);
    }
}
