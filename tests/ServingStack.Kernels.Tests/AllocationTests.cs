using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Tests.Machine;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests;

/// <summary>Running a bound kernel allocates nothing, whichever row of the table it comes from.</summary>
public class AllocationTests
{
    private const int Size = 40;

    public static TheoryData<string, DataType> GemmRows => Accepting(KernelTable.Gemm, Gemm);

    public static TheoryData<string, DataType> ConvolutionRows => Accepting(KernelTable.Convolution, Depthwise);

    public static TheoryData<string, DataType> GroupedRows => Accepting(KernelTable.Convolution, Grouped);

    [Theory]
    [MemberData(nameof(GemmRows))]
    public void Gemm_Run_AllocatesNothing(string name, DataType type)
    {
        var problem = Gemm(type);
        using var packed = KernelTable.Gemm.Single(row => row.Name == name).Pack(problem, Weights(type, Size * Size));
        using var memory = new GuardedBuffer(Size * Size * sizeof(float));
        using var result = new GuardedBuffer(Size * Size * sizeof(float));
        AssertAllocatesNothing(packed.Bind(new GemmOperands(Size, memory.Address, Size * type.Size(), result.Address, Size * type.Size())));
    }

    [Theory]
    [MemberData(nameof(ConvolutionRows))]
    public void Convolution_Run_AllocatesNothing(string name, DataType type) => AssertConvolutionAllocatesNothing(name, Depthwise(type));

    [Theory]
    [MemberData(nameof(GroupedRows))]
    public void GroupedConvolution_Run_AllocatesNothing(string name, DataType type) => AssertConvolutionAllocatesNothing(name, Grouped(type));

    private static void AssertConvolutionAllocatesNothing(string name, ConvolutionProblem problem)
    {
        var weights = Weights(problem.Input, problem.KernelPixels * Size * problem.InputChannels / problem.Groups);
        using var packed = KernelTable.Convolution.Single(row => row.Name == name).Pack(problem, weights);
        using var memory = new GuardedBuffer(8 * 8 * Size * sizeof(float));
        using var result = new GuardedBuffer(8 * 8 * Size * sizeof(float));
        AssertAllocatesNothing(packed.Bind(new ConvolutionOperands(1, memory.Address, result.Address)));
    }

    private static void AssertAllocatesNothing(BoundKernel kernel)
    {
        kernel.Run(0, 1);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 10; i++) kernel.Run(0, 1);
        });
    }

    private static GemmWeights Weights(DataType type, int count) =>
        RandomOperands.Weights(new Random(5), type, new Epilogue { Output = type }, Size, count);

    private static GemmProblem Gemm(DataType type) => new(Size, Size, type, new Epilogue { Output = type });

    private static ConvolutionProblem Grouped(DataType type) => Depthwise(type) with { Groups = Size / 4 };

    // Depthwise, because most convolution rows do it: the ones for depthwise and the ones for any groups.
    private static ConvolutionProblem Depthwise(DataType type) => new()
    {
        InputChannels = Size,
        OutputChannels = Size,
        Groups = Size,
        InputHeight = 8,
        InputWidth = 8,
        KernelHeight = 3,
        KernelWidth = 3,
        PadTop = 1,
        PadLeft = 1,
        PadBottom = 1,
        PadRight = 1,
        Input = type,
        Epilogue = new Epilogue { Output = type },
    };

    private static TheoryData<string, DataType> Accepting<TProblem, TPacked>(
        IReadOnlyList<KernelRow<TProblem, TPacked>> rows, Func<DataType, TProblem> problem)
    {
        var data = new TheoryData<string, DataType>();
        foreach (var row in rows.Where(row => row.InstructionSet <= MachineFeatures.Current.InstructionSet))
            foreach (var type in new[] { DataType.UInt8, DataType.Float32 })
                if (row.Refuses(problem(type)) is null) data.Add(row.Name, type);
        return data;
    }
}
