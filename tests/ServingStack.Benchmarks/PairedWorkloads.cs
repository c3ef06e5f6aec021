using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>
/// Matrix products of bytes as a machine without dot products computes them: widened at once, and added up in 16 bits. Weights lie about
/// zero like those of a trained layer, most of them within 10 of 127.
/// </summary>
internal static class PairedWorkloads
{
    private const string Widened = "gemm_int8_avx512bw";
    private const string AddedUp = "gemm_int8_acc16_avx512bw";

    private static readonly (int M, int N, int K)[] Shapes =
        [(10, 512, 512), (64, 1024, 1024), (512, 512, 512), (784, 128, 1152), (3136, 64, 576)];

    public static IEnumerable<KernelWorkload> Create() =>
        from row in new[] { Widened, AddedUp }
        from shape in MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Bw ? [] : Shapes
        select new KernelWorkload
        {
            Family = row == Widened ? "gemm-int8-bw" : "gemm-int8-acc16",
            Shape = $"{shape.M}x{shape.N}x{shape.K}",
            Operations = 2.0 * shape.M * shape.N * shape.K,
            Limit = Limit.PairedBytes,
            Bind = arena => Bind(arena, shape, row),
        };

    private static BoundKernel Bind(BenchmarkArena arena, (int M, int N, int K) s, string row)
    {
        var problem = new GemmProblem(s.N, s.K, DataType.UInt8, new Epilogue { Output = DataType.UInt8 });
        var weights = new GemmWeights { B = SmallWeights(s.N * s.K), Scale = Enumerable.Repeat(1e-3f, s.N).ToArray(), ZeroPointA = 43 };
        var packed = arena.Own(KernelTable.Gemm.Single(candidate => candidate.Name == row).Pack(problem, weights));
        return packed.Bind(new GemmOperands(s.M, arena.RandomBytes((long)s.M * s.K), s.K, arena.Empty((long)s.M * s.N), s.N));
    }

    // Near enough to a normal distribution of standard deviation 5.
    private static byte[] SmallWeights(int count)
    {
        var random = new Random(41);
        return [.. Enumerable.Range(0, count).Select(_ => (byte)(sbyte)Enumerable.Range(0, 4).Sum(_ => random.Next(-4, 5)))];
    }
}
