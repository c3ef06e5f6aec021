using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests;

public class KernelTableTests
{
    private static readonly GemmProblem QuantizedGemm = new(64, 64, DataType.UInt8, new Epilogue { Output = DataType.UInt8 });

    private static readonly ConvolutionProblem FloatConvolution = new()
    {
        InputChannels = 8,
        OutputChannels = 8,
        InputHeight = 4,
        InputWidth = 4,
        KernelHeight = 1,
        KernelWidth = 1,
        Input = DataType.Float32,
        Epilogue = new Epilogue { Output = DataType.Float32 },
    };

    [Fact]
    public void Rows_OfTheTable_HaveNamesOfTheirOwn() =>
        Assert.Equal(KernelTable.Rows.Count(), KernelTable.Rows.Select(row => row.Name).Distinct().Count());

    [Fact]
    public void LastRow_OfEachFamily_IsTheReferenceAndRefusesNothing()
    {
        Assert.Equal("gemm_reference", KernelTable.Gemm[^1].Name);
        Assert.Null(KernelTable.Gemm[^1].Refuses(QuantizedGemm));
        Assert.Equal("convolution_reference", KernelTable.Convolution[^1].Name);
        Assert.Null(KernelTable.Convolution[^1].Refuses(FloatConvolution));
    }

    [Fact]
    public void Selection_HeldToPortable_ChoosesManagedCodeAndSaysWhy()
    {
        var selection = KernelTable.Select(QuantizedGemm, InstructionSet.Portable);
        Assert.Equal("gemm_managed", selection.Chosen.Name);
        Assert.Equal("needs Avx512Vnni, held to Portable", Reason(selection.Refusals, "gemm_int8_avx512vnni"));
        Assert.Equal("gemm_managed comes first", Reason(selection.Refusals, "gemm_reference"));
    }

    [Fact]
    public void Selection_OfAConvolution_GivesAReasonForEveryOtherRow()
    {
        var selection = KernelTable.Select(FloatConvolution, InstructionSet.Portable);
        Assert.Equal("convolution_managed", selection.Chosen.Name);
        Assert.Equal(KernelTable.Convolution.Count - 1, selection.Refusals.Count);
        Assert.StartsWith("takes one channel a group", Reason(selection.Refusals, "depthwise_managed"), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_OnTheirLevel_AcceptWhatTheyAreFor()
    {
        Assert.Null(KernelTable.Gemm.Single(row => row.Name == "gemm_int8_avx512vnni").Refuses(QuantizedGemm));
        Assert.NotNull(KernelTable.Gemm.Single(row => row.Name == "gemm_fp32_avx512").Refuses(QuantizedGemm));
        Assert.Null(KernelTable.Convolution.Single(row => row.Name == "convolution_fp32_avx512").Refuses(FloatConvolution));
    }

    [Theory]
    [InlineData(0, 4, "N is 0; 1 or more is expected")]
    [InlineData(4, 0, "K is 0; 1 or more is expected")]
    public void Problem_WithoutExtent_IsRefusedByName(int n, int k, string message)
    {
        var error = Assert.Throws<ArgumentException>(() => KernelTable.Select(QuantizedGemm with { N = n, K = k }));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Problem_ThatMixesTypes_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => KernelTable.Select(QuantizedGemm with { A = DataType.Int64 }));
        Assert.Throws<ArgumentException>(() => KernelTable.Select(QuantizedGemm with { A = DataType.Float32 }));
        Assert.Throws<ArgumentException>(() => KernelTable.Select(FloatConvolution with { Groups = 3 }));
    }

    [Fact]
    public void Weights_OfTheWrongLength_AreRefusedByEveryRow()
    {
        var weights = new GemmWeights { B = new byte[63 * 64], Scale = new float[64] };
        foreach (var row in KernelTable.Gemm.Where(row => row.Refuses(QuantizedGemm) is null))
        {
            var error = Assert.Throws<ArgumentException>(() => row.Pack(QuantizedGemm, weights));
            Assert.Contains("4032 bytes of weights were given; 4096 are expected", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Operands_WithoutAddressOrWithOverlappingRows_AreRefused()
    {
        using var packed = KernelTable.Select(QuantizedGemm).Chosen.Pack(
            QuantizedGemm, new GemmWeights { B = new byte[64 * 64], Scale = new float[64] });
        Assert.Throws<ArgumentException>(() => packed.Bind(new GemmOperands(2, A: 0, 64, C: 64, 64)));
        Assert.Throws<ArgumentException>(() => packed.Bind(new GemmOperands(2, A: 64, 63, C: 64, 64)));
    }

    private static string Reason(IReadOnlyList<KernelRefusal> refusals, string kernel) => refusals.Single(r => r.Kernel == kernel).Reason;
}
