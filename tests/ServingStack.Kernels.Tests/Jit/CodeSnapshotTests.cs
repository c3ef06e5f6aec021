using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests.Jit;

/// <summary>
/// The code of a few small kernels as text, in <c>Snapshots/</c>: for reading, and so that a change of an emitter shows in what it emits.
/// <c>SERVINGSTACK_WRITE_SNAPSHOTS=1</c> writes them anew.
/// </summary>
public class CodeSnapshotTests
{
    private const string WriteVariable = "SERVINGSTACK_WRITE_SNAPSHOTS";

    /// <summary>u8 · s8, 2 x 32, depth 64, requantized to u8 with a zero point.</summary>
    private static readonly TileKernelKey Bytes = new()
    {
        Level = InstructionSet.Avx512Vnni,
        Arithmetic = TileArithmetic.UnsignedBytes,
        Rows = 2,
        Vectors = 2,
        MaskedColumns = false,
        Taps = 1,
        TapBytes = 64,
        RowsFrom = TileRows.Strided,
        Prefetch = false,
        Output = DataType.UInt8,
        Residual = null,
        RoundsBefore = false,
        HasOutputZeroPoint = true,
        ClampsBelow = false,
        ClampsAbove = false,
    };

    private static readonly Dictionary<string, Func<KernelEmitter>> Kernels = new()
    {
        ["tile_int8_2x32_avx512vnni"] = () => new TileEmitter(Bytes),
        ["tile_int8_2x16_avx512bw"] = () => new TileEmitter(Bytes with { Level = InstructionSet.Avx512Bw, Vectors = 1, Interval = 2 }),
        ["tile_fp32_2x16_avx2"] = () => new TileEmitter(Bytes with
        {
            Level = InstructionSet.Avx2,
            Arithmetic = TileArithmetic.Floats,
            Vectors = 1,
            Output = DataType.Float32,
            HasOutputZeroPoint = false,
            ClampsBelow = true,
        }),
        ["tile_int8_32x32_avx512amx"] = () => new AmxTileEmitter(new AmxKernelKey(Bytes with { Level = InstructionSet.Avx512Amx, Rows = 32 })),
    };

    public static TheoryData<string> Names => new(Kernels.Keys);

    // Saved registers depend on the calling convention.
    [Theory]
    [MemberData(nameof(Names))]
    public void Kernel_Emitted_IsTheCodeInTheSnapshot(string name)
    {
        if (OperatingSystem.IsWindows()) return;
        var path = Path.Combine(TestData.RepositoryRoot, "tests", "ServingStack.Kernels.Tests", "Snapshots", $"{name}.asm");
        var code = CodeListing.Disassemble(Kernels[name]().Emit());
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1") File.WriteAllText(path, code);
        Assert.True(File.ReadAllText(path) == code,
            $"{name} is not what {path} says any more. If that is meant, write the snapshots anew with {WriteVariable}=1 and read the difference.");
    }
}
