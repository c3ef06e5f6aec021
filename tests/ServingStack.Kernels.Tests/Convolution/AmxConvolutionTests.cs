using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests.Convolution;

/// <summary>The AMX row on what decides how it reads an image: channels, widths, padding, strides.</summary>
public class AmxConvolutionTests
{
    private const int Seed = 20261127;

    private static readonly ConvolutionProblem Lines = new()
    {
        InputChannels = 64,
        OutputChannels = 40,
        InputHeight = 5,
        InputWidth = 28,
        KernelHeight = 3,
        KernelWidth = 3,
        PadTop = 1,
        PadLeft = 1,
        PadBottom = 1,
        PadRight = 1,
        Input = DataType.UInt8,
        Epilogue = new Epilogue { Output = DataType.UInt8, OutputZeroPoint = 12, ClampMin = 12 },
    };

    private static readonly ConvolutionProblem Unpadded = Lines with { PadTop = 0, PadLeft = 0, PadBottom = 0, PadRight = 0 };

    private static readonly Dictionary<string, ConvolutionProblem> Problems = new()
    {
        ["two runs a block"] = Lines,
        ["an odd number of runs"] = Lines with { InputHeight = 3, InputWidth = 14 },
        ["one run a block"] = Lines with { InputWidth = 8, OutputChannels = 130 },
        ["full tiles"] = Lines with { InputWidth = 32, OutputChannels = 33 },
        ["a long depth"] = Lines with { InputChannels = 192, InputWidth = 14 },
        ["signed"] = Lines with { Input = DataType.Int8, Epilogue = new Epilogue { Output = DataType.Int8, OutputZeroPoint = -3 } },
        ["a residual"] = Lines with { Epilogue = Lines.Epilogue with { Residual = DataType.UInt8, ResidualScale = 0.3f } },
        ["raw sums"] = Lines with { Epilogue = new Epilogue { Output = DataType.Int32 } },
        ["stride and dilation"] = Lines with
        {
            StrideX = 2,
            StrideY = 2,
            InputWidth = 32,
            DilationX = 2,
            DilationY = 2,
            PadLeft = 2,
            PadTop = 2,
            PadRight = 1,
        },
        ["padding on two sides"] = Lines with { PadTop = 2, PadLeft = 0, PadRight = 2, PadBottom = 0 },
        ["padding beyond the image"] = Lines with
        {
            InputHeight = 1,
            PadTop = 4,
            PadBottom = 3,
            PadLeft = 5,
            PadRight = 0,
            InputWidth = 25,
        },
        ["no padding, kernel rows"] = Unpadded with { InputWidth = 18 },
        ["no padding, pixels"] = Unpadded with { KernelWidth = 1, StrideX = 2, StrideY = 2, InputWidth = 31 },
        ["a strided point"] = Unpadded with { KernelWidth = 1, KernelHeight = 1, StrideX = 2, StrideY = 2 },
        ["a point"] = Unpadded with { KernelWidth = 1, KernelHeight = 1 },
        ["a point over packed pixels"] = Unpadded with { KernelWidth = 1, KernelHeight = 1, InputChannels = 72 },
        ["a width without runs"] = Lines with { InputWidth = 17 },
        ["narrow lines"] = Lines with { InputWidth = 7 },
        ["few channels"] = Lines with { InputChannels = 3, KernelWidth = 7, PadLeft = 3, PadRight = 3, StrideX = 2 },
        ["channels between lines"] = Lines with { InputChannels = 80 },
        ["groups"] = Lines with { InputChannels = 40, OutputChannels = 66, Groups = 2 },
        ["fewer pixels than a block"] = Lines with { InputHeight = 1, InputWidth = 2 },
    };

    public static TheoryData<string> Names => [.. Problems.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Convolution_OfAnyKind_EqualsTheReference(string name)
    {
        if (Row() is not { } row) return;
        Assert.Null(row.Refuses(Problems[name]));
        new ConvolutionCase(1, Problems[name], Seed).Check(row);
        new ConvolutionCase(3, Problems[name], Seed + 1).Check(row, parts: 3);
    }

    [Theory]
    [InlineData("two runs a block")]
    [InlineData("a width without runs")]
    public void Convolution_Run_AllocatesNothing(string name)
    {
        if (Row() is not { } row) return;
        var problem = Problems[name];
        var weights = RandomOperands.Weights(new Random(Seed), problem.Input, problem.Epilogue, 40, 40 * 64 * 9);
        using var packed = row.Pack(problem, weights);
        using NativeBuffer input = new(1 << 17), output = new(1 << 17);
        var bound = packed.Bind(new ConvolutionOperands(1, input.Address, output.Address));
        bound.Run(0, 1);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 10; i++) bound.Run(0, 1);
        });
    }

    private static KernelRow<ConvolutionProblem, PackedConvolution>? Row() =>
        MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Amx
            ? null
            : KernelTable.Convolution.Single(row => row.Name == "convolution_int8_avx512amx");
}
