using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;
using ServingStack.Kernels.Tucker;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests.Tucker;

/// <summary>Three convolutions as one kernel against three reference convolutions.</summary>
public class TuckerTests
{
    private const int Seed = 20261125;

    // Of the largest sum: three convolutions in a row, the middle one by Winograd's algorithm.
    private const float FloatBound = 3e-5f;

    public static TheoryData<string, DataType> Rows
    {
        get
        {
            var data = new TheoryData<string, DataType>();
            foreach (var row in TuckerTable.Rows.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet))
                foreach (var type in new[] { DataType.UInt8, DataType.Int8, DataType.Float32 })
                    if (row.Refuses(Block(type)) is null) data.Add(row.Name, type);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_OnRandomBlocks_EqualsTheReference(string name, DataType type)
    {
        var row = TuckerTable.Rows.Single(row => row.Name == name);
        for (var seed = Seed; seed < Seed + 20; seed++)
        {
            var random = new Random(seed);
            var problem = AnyBlock(random, type);
            Check(problem, random, $"{name}, seed {seed}, {problem}", weights => row.Pack(problem, weights));
        }
    }

    [Theory]
    [InlineData(DataType.UInt8, InstructionSet.Avx512Vnni)]
    [InlineData(DataType.Float32, InstructionSet.Avx512Bw)]
    public void EmittedRow_InBandsOfAnyHeight_EqualsTheReference(DataType type, InstructionSet level)
    {
        if (MachineFeatures.Current.InstructionSet < level) return;
        for (var seed = Seed; seed < Seed + 40; seed++)
        {
            var random = new Random(seed);
            var problem = AnyBlock(random, type);
            var bands = new TuckerBands(problem, random.Next(1, problem.Core.OutputHeight + 1));
            Check(
                problem, random, $"seed {seed}, bands of {bands.Lines} lines, {problem}",
                weights => new EmittedTucker("tucker_test", level, problem, weights, bands));
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Run_OfAnEmittedRow_AllocatesNothing(string name, DataType type)
    {
        if (name == "tucker_reference") return;
        var problem = Block(type);
        using var packed = TuckerTable.Rows.Single(row => row.Name == name).Pack(problem, Weights(problem, new Random(Seed)));
        using NativeBuffer input = new(1 << 16), output = new(1 << 16);
        var kernel = packed.Bind(new ConvolutionOperands(1, input.Address, output.Address));
        kernel.Run(0, 1);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 10; i++) kernel.Run(0, 1);
        });
    }

    [Fact]
    public void Block_WhoseConvolutionsDoNotFollow_IsRefusedByName()
    {
        var block = Block(DataType.Float32);
        var wide = block with { Core = block.Core with { InputChannels = 9 } };
        Assert.Contains("Core reads 12x12x9 Float32, but the convolution before it stores 12x12x8 Float32",
            Assert.Throws<ArgumentException>(() => TuckerTable.Select(wide)).Message, StringComparison.Ordinal);
        var strided = block with { Expand = block.Expand with { StrideX = 2 } };
        Assert.Contains("Expand is a 1x1 convolution of stride 1x2",
            Assert.Throws<ArgumentException>(() => TuckerTable.Select(strided)).Message, StringComparison.Ordinal);
        var summing = new Epilogue { Output = DataType.Float32, Residual = DataType.Float32 };
        var summed = block with { Core = block.Core with { Epilogue = summing } };
        Assert.Contains("only the last convolution may add one",
            Assert.Throws<ArgumentException>(() => TuckerTable.Select(summed)).Message, StringComparison.Ordinal);
    }

    private static TuckerProblem Block(DataType type)
    {
        var epilogue = new Epilogue { Output = type };
        var core = new ConvolutionProblem
        {
            InputChannels = 8,
            OutputChannels = 8,
            InputHeight = 12,
            InputWidth = 12,
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
            Input = type,
            Epilogue = epilogue,
        };
        return new TuckerProblem(Pointwise(32, 8, 12, 12, type, epilogue), core, Pointwise(8, 32, 12, 12, type, epilogue));
    }

    private static TuckerProblem AnyBlock(Random random, DataType type)
    {
        var block = Block(type);
        var core = block.Core with
        {
            InputChannels = random.Next(1, 40),
            OutputChannels = random.Next(1, 40),
            InputHeight = random.Next(5, 20),
            InputWidth = random.Next(5, 20),
            KernelHeight = random.Next(1, 4),
            KernelWidth = random.Next(1, 4),
            StrideY = random.Next(1, 4),
            StrideX = random.Next(1, 3),
            DilationY = random.Next(1, 3),
            DilationX = random.Next(1, 3),
            PadTop = random.Next(0, 3),
            PadLeft = random.Next(0, 3),
            PadBottom = random.Next(0, 3),
            PadRight = random.Next(0, 3),
            Epilogue = Intermediate(random, type),
        };
        // Every second block is what Winograd's algorithm takes.
        if (random.Next(2) == 0)
            core = core with
            {
                InputChannels = random.Next(16, 40),
                OutputChannels = random.Next(16, 40),
                KernelHeight = 3,
                KernelWidth = 3,
                StrideY = 1,
                StrideX = 1,
                DilationY = 1,
                DilationX = 1,
            };
        var epilogue = type == DataType.Float32 || random.Next(2) == 0
            ? RandomOperands.AnyEpilogue(random, type)
            : new Epilogue { Output = type, Residual = DataType.UInt8, ResidualScale = 0.5f, OutputZeroPoint = 3 };
        return new TuckerProblem(
            Pointwise(random.Next(1, 60), core.InputChannels, core.InputHeight, core.InputWidth, type, Intermediate(random, type)),
            core,
            Pointwise(core.OutputChannels, random.Next(1, 60), core.OutputHeight, core.OutputWidth, type, epilogue));
    }

    private static Epilogue Intermediate(Random random, DataType type) => new()
    {
        Output = type,
        OutputZeroPoint = type == DataType.Float32 ? 0 : random.Next(0, 100),
        ClampMin = random.Next(2) == 0 ? 0 : float.NegativeInfinity,
    };

    private static ConvolutionProblem Pointwise(int inputs, int outputs, int height, int width, DataType type, Epilogue epilogue) => new()
    {
        InputChannels = inputs,
        OutputChannels = outputs,
        InputHeight = height,
        InputWidth = width,
        KernelHeight = 1,
        KernelWidth = 1,
        Input = type,
        Epilogue = epilogue,
    };

    private static TuckerWeights Weights(TuckerProblem problem, Random random)
    {
        GemmWeights Of(ConvolutionProblem p, int zeroPoint) => RandomOperands.Weights(
            random, p.Input, p.Epilogue, p.OutputChannels, p.OutputChannels * p.InputChannels * p.KernelHeight * p.KernelWidth) with
        {
            ZeroPointA = zeroPoint,
        };
        return new TuckerWeights(
            Of(problem.Reduce, problem.Reduce.Input == DataType.Float32 ? 0 : 7),
            Of(problem.Core, problem.Reduce.Epilogue.OutputZeroPoint), Of(problem.Expand, problem.Core.Epilogue.OutputZeroPoint));
    }

    private static void Check(TuckerProblem problem, Random random, string about, Func<TuckerWeights, PackedTucker> pack)
    {
        var (batch, parts) = (random.Next(1, 4), random.Next(1, 4));
        var weights = Weights(problem, random);
        var (first, last) = (problem.Reduce, problem.Expand);
        var outputs = batch * last.OutputHeight * last.OutputWidth * last.OutputChannels;
        using var input = RandomOperands.Fill(
            random, first.Input, batch * first.InputHeight * first.InputWidth * first.InputChannels * first.Input.Size());
        var residualType = last.Epilogue.Residual ?? DataType.UInt8;
        using var residual = RandomOperands.Fill(random, residualType, outputs * residualType.Size());
        using GuardedBuffer expected = new(outputs * last.Epilogue.Output.Size()), actual = new(outputs * last.Epilogue.Output.Size());
        var operands = new ConvolutionOperands(batch, input.Address, expected.Address, residual.Address);

        var largest = 0f;
        if (first.Input == DataType.Float32)
        {
            var unclamped = last with { Epilogue = new Epilogue { Output = DataType.Float32 } };
            using var sums = new ReferenceTucker(problem with { Expand = unclamped }, weights);
            sums.Bind(operands).Run(0, 1);
            largest = expected.Span<float>().ToArray().Max(MathF.Abs);
        }
        using var reference = new ReferenceTucker(problem, weights);
        reference.Bind(operands).Run(0, 1);
        using var packed = pack(weights);
        var bound = packed.Bind(operands with { Output = actual.Address });
        parts = Math.Min(parts, bound.MaxParts);
        for (var run = 0; run < 2; run++)
        {
            System.Threading.Tasks.Parallel.For(0, parts, part => bound.Run(part, parts));
            if (first.Input == DataType.Float32)
                Comparison.AssertWithin(FloatBound * largest, expected.Span<float>(), actual.Span<float>(), about);
            else Comparison.AssertEqual(last.Epilogue.Output, floatSums: false, expected.Bytes, actual.Bytes, about);
        }
    }
}
