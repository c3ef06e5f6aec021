using System.Numerics;
using ServingStack.Kernels.Pooling;
using ServingStack.Kernels.Quantization;
using ServingStack.Kernels.Reference;

namespace ServingStack.Kernels.Tests.Pooling;

public class PoolingTests
{
    private static readonly PoolProblem Plain =
        new() { Batch = 2, Channels = 1, InputHeight = 9, InputWidth = 11, KernelHeight = 3, KernelWidth = 3 };

    private static readonly PoolProblem[] Problems =
    [
        Plain,
        Plain with { StrideY = 2, StrideX = 2, PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1 },
        Plain with { StrideY = 2, StrideX = 3, PadTop = 0, PadLeft = 1, PadBottom = 2, PadRight = 1, CountIncludePad = true },
        Plain with { StrideY = 2, StrideX = 2, CeilMode = true },
        Plain with { StrideY = 3, StrideX = 2, CeilMode = true, PadTop = 1, PadBottom = 1, PadLeft = 2, PadRight = 2 },
        Plain with { StrideY = 3, CeilMode = true, PadTop = 1, PadBottom = 1, PadLeft = 2, PadRight = 2, CountIncludePad = true },
        Plain with { DilationY = 2, DilationX = 3, PadTop = 2, PadLeft = 3, PadBottom = 1, PadRight = 2 },
        Plain with { KernelHeight = 2, KernelWidth = 5, StrideX = 4 },
        Plain with { InputHeight = 2, InputWidth = 2, PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1, StrideY = 2, StrideX = 2 },
        PoolProblem.Global(3, 7, 5, 1),
    ];

    public static TheoryData<int, int> Cases
    {
        get
        {
            var cases = new TheoryData<int, int>();
            for (var i = 0; i < Problems.Length; i++)
                foreach (var channels in (int[])[1, 3, 15, 16, 17, 63, 64, 65, 100])
                    cases.Add(i, channels);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void MaxPool_AnyProblem_EqualsItsTwin(int index, int channels)
    {
        var problem = Problems[index] with { Channels = channels };
        var floats = TestNumbers.Floats(index, problem.InputCount);
        var bytes = TestNumbers.Bytes(index, problem.InputCount);
        var signed = TestNumbers.SignedBytes(index, problem.InputCount);
        Assert.Equal(
            ReferencePooling.Max(problem, [.. floats.Select(x => (double)x)], double.NegativeInfinity),
            Run<float>(DataType.Float32, problem, floats).Select(x => (double)x));
        Assert.Equal(
            ReferencePooling.Max(problem, [.. bytes.Select(x => (double)x)], 0),
            Run<byte>(DataType.UInt8, problem, bytes).Select(x => (double)x));
        Assert.Equal(
            ReferencePooling.Max(problem, [.. signed.Select(x => (double)x)], -128),
            Run<sbyte>(DataType.Int8, problem, signed).Select(x => (double)x));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AveragePool_AnyProblem_AgreesWithItsTwin(int index, int channels)
    {
        var problem = Problems[index] with { Channels = channels };
        var x = TestNumbers.Floats(index, problem.InputCount);
        var expected = ReferencePooling.Average(problem, [.. x.Select(value => (double)value)]);
        var actual = KernelRun.Of<float, float>(x, expected.Length, (from, to) => AveragePool.Bind(problem, from, to), 3);
        Near.Equal(expected, actual, 4, 4, problem.ToString());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void QuantizedAveragePool_AnyProblem_EqualsItsTwinBitForBit(int index, int channels)
    {
        var problem = Problems[index] with { Channels = channels };
        var bits = TestNumbers.Bytes(index, problem.InputCount);
        Check<byte, sbyte>(problem, new(DataType.UInt8, 0.03f, 121), new(DataType.Int8, 0.02f, -9), bits);
        Check<sbyte, byte>(problem, new(DataType.Int8, 0.03f, 21), new(DataType.UInt8, 0.02f, 100), [.. bits.Select(x => (sbyte)x)]);
        Check<byte, byte>(problem, new(DataType.UInt8, 0.03f, 0), new(DataType.UInt8, 0.03f, 0), bits);
        Check<sbyte, sbyte>(problem, new(DataType.Int8, 0.03f, 0), new(DataType.Int8, 0.05f, 1), [.. bits.Select(x => (sbyte)x)]);
    }

    [Fact]
    public void PoolProblem_CeilMode_KeepsNoWindowThatStartsInTrailingPadding()
    {
        // ONNX: 4 + 1 pixels, kernel 1, stride 4: the third window would start at 8, past the padding.
        var problem = Plain with { InputHeight = 4, InputWidth = 5, KernelHeight = 1, KernelWidth = 1, StrideY = 4, StrideX = 4 };
        problem = problem with { CeilMode = true };
        Assert.Equal((1, 2), (problem.OutputHeight, problem.OutputWidth));
    }

    [Fact]
    public void PoolProblem_WindowLargerThanInput_IsRefused() =>
        Assert.Throws<ArgumentException>(() => MaxPool.Bind(DataType.Float32, Plain with { InputHeight = 2 }, 0, 0));

    private static void Check<TX, TY>(PoolProblem problem, QuantizationParameters px, QuantizationParameters py, TX[] x)
        where TX : unmanaged, INumber<TX>
        where TY : unmanaged, INumber<TY>
    {
        var expected = ReferencePooling.Pool(problem, [.. x.Select(double.CreateChecked)], (inside, padded) =>
        {
            var count = problem.CountIncludePad ? padded : inside.Count;
            return ReferenceQuantization.Average((int)inside.Sum() - (inside.Count * px.ZeroPoint), count, px, py);
        });
        var actual = KernelRun.Of<TX, TY>(x, expected.Length, (from, to) => QuantizedAveragePool.Bind(problem, px, py, from, to), 3);
        Assert.Equal(expected, actual.Select(double.CreateChecked));
    }

    private static T[] Run<T>(DataType type, PoolProblem problem, T[] x)
        where T : unmanaged =>
        KernelRun.Of<T, T>(x, (int)problem.OutputCount, (from, to) => MaxPool.Bind(type, problem, from, to), 2);
}
