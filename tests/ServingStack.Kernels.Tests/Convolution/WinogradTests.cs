using System.Runtime.InteropServices;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests.Convolution;

/// <summary>Winograd's rows against the reference, whose sums are in double precision.</summary>
public class WinogradTests
{
    private const int Seed = 20261125;

    // What an error may be, of the largest sum of the tensor.
    private const float Bound = 1e-5f;

    private static readonly ConvolutionProblem Square = new()
    {
        InputChannels = 32,
        OutputChannels = 32,
        InputHeight = 14,
        InputWidth = 14,
        KernelHeight = 3,
        KernelWidth = 3,
        PadTop = 1,
        PadLeft = 1,
        PadBottom = 1,
        PadRight = 1,
        Input = DataType.Float32,
        Epilogue = new Epilogue { Output = DataType.Float32 },
    };

    public static TheoryData<string> Rows => [.. Runnable.Select(row => row.Name)];

    private static IEnumerable<KernelRow<ConvolutionProblem, PackedConvolution>> Runnable => KernelTable.Convolution
        .Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet)
        .Where(row => row.Name.StartsWith("winograd", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_OnRandomProblems_StaysWithinTheBound(string name)
    {
        var done = 0;
        for (var seed = Seed; done < 40; seed++)
        {
            var random = new Random(seed);
            var problem = AnyProblem(random);
            if (Row(name).Refuses(problem) is not null) continue;
            Check(name, random.Next(1, 4), problem, random, parts: random.Next(1, 4), $"seed {seed}");
            done++;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_OnDeepLayers_StaysWithinTheBound(string name)
    {
        var deep = Square with { InputChannels = 512, OutputChannels = 40, InputHeight = 9, InputWidth = 17 };
        Check(name, 2, deep, new Random(Seed), parts: 2, "deep");
        // More tiles than one block takes, and a last block that is smaller.
        var wide = Square with { InputHeight = 44, InputWidth = 85, InputChannels = 16, OutputChannels = 48 };
        Check(name, 1, wide, new Random(Seed), parts: 3, "wide");
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Run_AnyRow_AllocatesNothing(string name)
    {
        var weights = RandomOperands.Weights(new Random(Seed), DataType.Float32, Square.Epilogue, 32, 9 * 32 * 32);
        using var packed = Row(name).Pack(Square, weights);
        using NativeBuffer input = new(14 * 14 * 32 * sizeof(float)), output = new(14 * 14 * 32 * sizeof(float));
        var kernel = packed.Bind(new ConvolutionOperands(1, input.Address, output.Address));
        kernel.Run(0, 1);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 10; i++) kernel.Run(0, 1);
        });
    }

    [Fact]
    public void Refusals_OfWhatDoesNotFit_NameTheValue()
    {
        AssertRefused(Square with { StrideX = 2 }, "takes stride 1, not 1x2");
        AssertRefused(Square with { DilationY = 2 }, "takes dilation 1, not 2x1");
        AssertRefused(Square with { KernelWidth = 5 }, "takes 3x3 kernels, not 3x5");
        AssertRefused(Square with { Groups = 2 }, "takes one group, not 2");
        AssertRefused(Square with { InputChannels = 3 }, "takes 16 channels or more, not 3 to 32");
        AssertRefused(Square with { InputHeight = 2, InputWidth = 2 }, "takes images that fill its tiles of 4x4, not 2x2");
        AssertRefused(Square with { Input = DataType.UInt8 }, "takes Float32 activations, not UInt8");
    }

    private static void AssertRefused(ConvolutionProblem problem, string reason) =>
        Assert.Equal(reason, KernelTable.Convolution.Single(row => row.Name == "winograd_f4_fp32_avx512").Refuses(problem));

    private static KernelRow<ConvolutionProblem, PackedConvolution> Row(string name) => Runnable.Single(row => row.Name == name);

    private static ConvolutionProblem AnyProblem(Random random) => Square with
    {
        InputChannels = random.Next(16, 70),
        OutputChannels = random.Next(16, 70),
        InputHeight = random.Next(3, 24),
        InputWidth = random.Next(3, 24),
        PadTop = random.Next(0, 3),
        PadLeft = random.Next(0, 3),
        PadBottom = random.Next(0, 3),
        PadRight = random.Next(0, 3),
        Epilogue = RandomOperands.AnyEpilogue(random, DataType.Float32),
    };

    private static void Check(string name, int batch, ConvolutionProblem problem, Random random, int parts, string about)
    {
        var weights = RandomOperands.Weights(
            random, DataType.Float32, problem.Epilogue, problem.OutputChannels, problem.OutputChannels * problem.InputChannels * 9);
        var outputs = batch * problem.OutputHeight * problem.OutputWidth * problem.OutputChannels * sizeof(float);
        using var input = RandomOperands.Fill(
            random, DataType.Float32, batch * problem.InputHeight * problem.InputWidth * problem.InputChannels * sizeof(float));
        using var residual = RandomOperands.Fill(random, DataType.Float32, outputs);
        using GuardedBuffer expected = new(outputs), actual = new(outputs);
        var operands = new ConvolutionOperands(batch, input.Address, expected.Address, residual.Address);

        using var sums = new ReferenceConvolution(problem with { Epilogue = new Epilogue { Output = DataType.Float32 } }, weights);
        sums.Bind(operands).Run(0, 1);
        var largest = MemoryMarshal.Cast<byte, float>(expected.Bytes).ToArray().Max(MathF.Abs);
        using var reference = new ReferenceConvolution(problem, weights);
        reference.Bind(operands).Run(0, 1);
        using var packed = Row(name).Pack(problem, weights);
        var bound = packed.Bind(operands with { Output = actual.Address });
        parts = Math.Min(parts, bound.MaxParts);
        System.Threading.Tasks.Parallel.For(0, parts, part => bound.Run(part, parts));
        Comparison.AssertWithin(
            Bound * largest, expected.Span<float>(), actual.Span<float>(), $"{bound.KernelName}, {about}, batch {batch}, {problem}");
    }
}
