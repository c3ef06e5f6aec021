using Iced.Intel;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Jit;

/// <summary>Code for a level holds no instruction above it, which a machine with more would run without complaint.</summary>
public class InstructionLevelTests
{
    private static readonly CpuidFeature[] BeyondAvx512Bw = [CpuidFeature.AVX512_VNNI, CpuidFeature.AVX_VNNI];

    [Theory]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Avx512Bw)]
    public void Tiles_ForALevel_UseNothingBeyondIt(InstructionSet level)
    {
        var seed = 20261202;
        foreach (var arithmetic in Enum.GetValues<TileArithmetic>())
            foreach (var rows in new[] { 1, 2, 6 })
                foreach (var tail in new[] { 0, 3, 8, 13 })
                    foreach (var tapBytes in new[] { 2, 7, 64 })
                        Check(Key(new Random(++seed), level, arithmetic, rows, tail, arithmetic == TileArithmetic.Floats ? 64 : tapBytes));
    }

    private static TileKernelKey Key(
        Random random, InstructionSet level, TileArithmetic arithmetic, int rows, int tail, int tapBytes)
    {
        var epilogue = RandomOperands.AnyEpilogue(random, arithmetic == TileArithmetic.Floats ? DataType.Float32 : DataType.UInt8);
        return new TileKernelKey
        {
            Level = level,
            Arithmetic = arithmetic,
            Interval = arithmetic == TileArithmetic.Floats ? 0 : PairPlan.Intervals[random.Next(4)],
            HasRemainder = arithmetic != TileArithmetic.Floats && random.Next(2) == 0,
            Rows = rows,
            JoinsTail = random.Next(2) == 0,
            Vectors = TileShape.Choose(rows, 4, level).Vectors,
            MaskedColumns = tail != 0,
            TailColumns = level == InstructionSet.Avx2 ? tail : 0,
            Taps = random.Next(1, 3),
            TapBytes = tapBytes,
            RowsFrom = TileRows.Strided,
            Prefetch = random.Next(2) == 0,
            Output = epilogue.Output,
            Residual = epilogue.Residual,
            RoundsBefore = epilogue is { Output: DataType.UInt8 or DataType.Int8, Residual: not null } && random.Next(2) == 0,
            HasOutputZeroPoint = random.Next(2) == 0,
            ClampsBelow = true,
            ClampsAbove = true,
        };
    }

    private static void Check(TileKernelKey key)
    {
        var code = new TileEmitter(key).Emit();
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        while (decoder.IP < (ulong)code.Length)
        {
            var instruction = decoder.Decode();
            if (instruction.Mnemonic == Mnemonic.Ret) return;
            var features = instruction.CpuidFeatures;
            var beyond = key.Level == InstructionSet.Avx2
                ? instruction.Encoding == EncodingKind.EVEX
                : features.Any(BeyondAvx512Bw.Contains);
            Assert.False(beyond, $"{key.Name}: {instruction} needs {string.Join(", ", features)}.");
        }
    }
}
