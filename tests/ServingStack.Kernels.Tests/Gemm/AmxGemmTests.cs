using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>The AMX row around the edges of its own tiles: 16 and 32 rows, 16 to 64 columns, 64 bytes of depth.</summary>
public class AmxGemmTests
{
    private const int Seed = 20261126;

    private static readonly DataType[] Types = [DataType.UInt8, DataType.Int8];

    [Fact]
    public void Product_OfAnyRowsAtRandomSizes_EqualsTheReference()
    {
        if (Row() is not { } row) return;
        var seed = Seed;
        foreach (var type in Types)
            for (var m = 1; m <= 33; m++)
                for (var i = 0; i < 12; i++)
                {
                    var random = new Random(++seed);
                    var problem = new GemmProblem(random.Next(1, 71), random.Next(1, 201), type, RandomOperands.AnyEpilogue(random, type));
                    new GemmCase(m, problem, seed, rowPadding: random.Next(0, 2) * 64).Check(row);
                }
    }

    // Rows that are whole cache lines are read in place; depths of few steps are straight code, the others loops.
    [Fact]
    public void Product_OfRowsOfWholeLines_EqualsTheReference()
    {
        if (Row() is not { } row) return;
        var seed = 2 * Seed;
        foreach (var type in Types)
            foreach (var k in new[] { 64, 128, 448, 768, 832, 1280 })
                foreach (var m in new[] { 4, 16, 17, 31, 64, 75 })
                {
                    var random = new Random(++seed);
                    var problem = new GemmProblem(random.Next(1, 150), k, type, RandomOperands.AnyEpilogue(random, type));
                    new GemmCase(m, problem, seed).Check(row);
                }
    }

    [Theory]
    [InlineData(301, 64, 160)]
    [InlineData(301, 80, 192)]
    [InlineData(5, 2000, 640)]
    public void Product_InPartsThatShareRows_EqualsTheReference(int m, int n, int k)
    {
        if (Row() is not { } row) return;
        var epilogue = new Epilogue { Output = DataType.UInt8, Residual = DataType.UInt8, OutputZeroPoint = 9 };
        new GemmCase(m, new GemmProblem(n, k, DataType.UInt8, epilogue), Seed).Check(row, parts: 3);
    }

    [Fact]
    public void Residual_ThatIsOverwritten_IsAddedOnce()
    {
        if (Row() is not { } row) return;
        var problem = new GemmProblem(40, 64, DataType.UInt8, new Epilogue { Output = DataType.UInt8, Residual = DataType.UInt8 });
        var random = new Random(Seed);
        var weights = RandomOperands.Weights(random, problem.A, problem.Epilogue, problem.N, problem.K * problem.N);
        using var a = RandomOperands.Fill(random, problem.A, 49 * problem.K);
        using var apart = RandomOperands.Fill(random, DataType.UInt8, 49 * problem.N);
        using var both = GuardedBuffer.Of<byte>(apart.Bytes);
        using var expected = new GuardedBuffer(apart.ByteLength);
        using var packed = row.Pack(problem, weights);

        packed.Bind(new GemmOperands(49, a.Address, 64, expected.Address, 40, apart.Address, 40)).Run(0, 1);
        packed.Bind(new GemmOperands(49, a.Address, 64, both.Address, 40, both.Address, 40)).Run(0, 1);

        Assert.Equal(expected.Bytes.ToArray(), both.Bytes.ToArray());
    }

    // The collector stops threads by signals, whose frames must hold the tiles.
    [Fact]
    public void Tiles_OfThreadsThatTheCollectorStops_KeepTheirNumbers()
    {
        if (Row() is not { } row) return;
        var threads = Enumerable.Range(0, 3).Select(i => new GemmLoop(row, Seed + i)).ToArray();
        foreach (var thread in threads) thread.Start();
        while (threads.Any(thread => thread.IsRunning)) GC.Collect();
        Assert.All(threads, thread => Assert.Equal(0, thread.WrongRuns));
    }

    private static KernelRow<GemmProblem, PackedGemm>? Row() => MachineFeatures.Current.InstructionSet < InstructionSet.Avx512Amx
        ? null
        : KernelTable.Gemm.Single(row => row.Name == "gemm_int8_avx512amx");

    /// <summary>The same product again and again, on a thread of its own.</summary>
    private sealed class GemmLoop(KernelRow<GemmProblem, PackedGemm> row, int seed)
    {
        private const int Runs = 500;
        private const int Size = 128;

        private Thread? _thread;

        public int WrongRuns { get; private set; }

        public bool IsRunning => _thread!.IsAlive;

        public void Start()
        {
            _thread = new Thread(Run);
            _thread.Start();
        }

        private void Run()
        {
            var problem = new GemmProblem(Size, Size, DataType.UInt8, new Epilogue { Output = DataType.Int32 });
            var random = new Random(seed);
            using var a = RandomOperands.Fill(random, DataType.UInt8, Size * Size);
            using var c = new GuardedBuffer(Size * Size * sizeof(int));
            using var packed = row.Pack(problem, RandomOperands.Weights(random, problem.A, problem.Epilogue, Size, Size * Size));
            var bound = packed.Bind(new GemmOperands(Size, a.Address, Size, c.Address, Size * sizeof(int)));
            bound.Run(0, 1);
            var first = c.Bytes.ToArray();
            for (var i = 0; i < Runs; i++)
            {
                c.Bytes.Clear();
                bound.Run(0, 1);
                if (!c.Bytes.SequenceEqual(first)) WrongRuns++;
            }
        }
    }
}
