using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Convolution;

/// <summary>
/// Every row of the table that this machine can run against the reference; Winograd's rows, whose errors have a bound of their own, stand
/// in <see cref="WinogradTests"/>.
/// </summary>
public class ConvolutionRowsTests
{
    private const int Seed = 20261125;

    public static TheoryData<string> Rows =>
    [
        .. KernelTable.Convolution.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet).Select(row => row.Name)
            .Where(name => !name.StartsWith("winograd", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_OnRandomProblems_EqualsTheReference(string name)
    {
        var row = KernelTable.Convolution.Single(row => row.Name == name);
        var done = 0;
        for (var seed = Seed; done < 150 && seed < Seed + 20_000; seed++)
        {
            var random = new Random(seed);
            var problem = AnyProblem(random);
            if (random.Next(3) == 0) problem = WithDepth(random, problem);
            if (problem.OutputDepth < 1 || problem.OutputHeight < 1 || problem.OutputWidth < 1) continue;
            if (row.Refuses(problem) is not null) continue;
            new ConvolutionCase(random.Next(1, 4), problem, seed).Check(row);
            done++;
        }
        Assert.Equal(150, done);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row_OnLayersOfNetworks_EqualsTheReference(string name)
    {
        var row = KernelTable.Convolution.Single(row => row.Name == name);
        var checkedLayers = 0;
        foreach (var type in new[] { DataType.UInt8, DataType.Int8, DataType.Float32 })
            foreach (var layer in Layers(type))
            {
                if (row.Refuses(layer) is not null) continue;
                new ConvolutionCase(2, layer, Seed).Check(row, parts: 3);
                checkedLayers++;
            }
        Assert.NotEqual(0, checkedLayers);
    }

    private static ConvolutionProblem AnyProblem(Random random)
    {
        var type = new[] { DataType.UInt8, DataType.Int8, DataType.Float32 }[random.Next(3)];
        var (groups, groupInputs, groupOutputs) = random.Next(5) switch
        {
            0 => (random.Next(2, 90), 1, 1),
            1 => (random.Next(2, 5), random.Next(1, 9), random.Next(1, 20)),
            2 => LikeGroups(random),
            _ => (1, random.Next(1, 40), random.Next(1, 50)),
        };
        return new ConvolutionProblem
        {
            InputChannels = groups * groupInputs,
            OutputChannels = groups * groupOutputs,
            Groups = groups,
            InputHeight = random.Next(1, 12),
            InputWidth = random.Next(1, random.Next(4) == 0 ? 40 : 12),
            KernelHeight = random.Next(1, 6),
            KernelWidth = random.Next(1, 6),
            StrideY = random.Next(1, 4),
            StrideX = random.Next(1, 4),
            DilationY = random.Next(1, 3),
            DilationX = random.Next(1, 3),
            PadTop = random.Next(0, 3),
            PadLeft = random.Next(0, 3),
            PadBottom = random.Next(0, 3),
            PadRight = random.Next(0, 3),
            Input = type,
            Epilogue = RandomOperands.AnyEpilogue(random, type),
        };
    }

    private static ConvolutionProblem WithDepth(Random random, ConvolutionProblem problem) => problem with
    {
        InputDepth = random.Next(1, 5),
        KernelDepth = random.Next(1, 4),
        StrideZ = random.Next(1, 3),
        DilationZ = random.Next(1, 3),
        PadFront = random.Next(0, 3),
        PadBack = random.Next(0, 3),
    };

    private static (int Groups, int Inputs, int Outputs) LikeGroups(Random random)
    {
        var channels = 4 * random.Next(1, 6);
        return (random.Next(2, 9), channels, channels);
    }

    private static ConvolutionProblem[] Layers(DataType type)
    {
        var square = new ConvolutionProblem
        {
            InputChannels = 16,
            OutputChannels = 16,
            InputHeight = 16,
            InputWidth = 16,
            KernelHeight = 3,
            KernelWidth = 3,
            PadTop = 1,
            PadLeft = 1,
            PadBottom = 1,
            PadRight = 1,
            Input = type,
            Epilogue = new Epilogue { Output = type, ClampMin = 0 },
        };
        return
        [
            square,
            square with { InputChannels = 3, KernelHeight = 7, KernelWidth = 7, StrideX = 2, StrideY = 2, PadTop = 3, PadLeft = 3 },
            square with { InputChannels = 1, KernelHeight = 5, KernelWidth = 5, PadTop = 2, PadLeft = 2, PadBottom = 2, PadRight = 2 },
            square with { InputChannels = 64, OutputChannels = 72, StrideX = 2, StrideY = 2 },
            square with { InputChannels = 40, KernelHeight = 1, KernelWidth = 1, PadTop = 0, PadLeft = 0, PadBottom = 0, PadRight = 0 },
            square with { InputChannels = 96, OutputChannels = 96, Groups = 96, StrideX = 2, StrideY = 2 },
            square with { InputChannels = 128, OutputChannels = 128, Groups = 32, InputHeight = 7, InputWidth = 7 },
            square with { InputChannels = 32, OutputChannels = 32, Groups = 32, InputHeight = 30, InputWidth = 30 },
            square with { InputChannels = 144, OutputChannels = 144, Groups = 144, KernelHeight = 5, KernelWidth = 5 },
            square with { InputChannels = 3, InputHeight = 9, InputDepth = 3, KernelDepth = 3, KernelWidth = 7, PadFront = 1, PadBack = 1 },
            square with { InputDepth = 5, InputHeight = 7, KernelDepth = 3, PadFront = 1, PadBack = 1, StrideZ = 2 },
            square with { InputChannels = 24, OutputChannels = 24, Groups = 24, InputDepth = 4, KernelDepth = 3, PadFront = 1 },
        ];
    }
}
