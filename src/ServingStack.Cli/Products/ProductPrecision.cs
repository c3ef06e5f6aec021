using System.Runtime.InteropServices;
using ServingStack.Cli.Terminal;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Cli.Products;

/// <summary>In what numbers a product is computed: which kernel table knows it, and random weights for it.</summary>
internal static class ProductPrecision
{
    private const int LowBitBlock = 32;
    private const float Scale = 0.0001f;

    private static readonly (string Name, Func<ProductShape, InstructionSet?, IReadOnlyList<ProductTrial>> Trials)[] Rows =
    [
        ("int8", (s, isa) => Products(s, isa, Integers(s))),
        ("fp32", (s, isa) => Products(s, isa, Floats(s, DataType.Float32))),
        ("fp16-weights", (s, isa) => Products(s, isa, Floats(s, DataType.Float16))),
        ("bf16-weights", (s, isa) => Products(s, isa, Floats(s, DataType.BFloat16))),
        ("int4-weights", LowBitProducts),
    ];

    public static IEnumerable<string> Names => Rows.Select(r => r.Name);

    /// <summary>Every row of the table that knows the precision, best first.</summary>
    /// <exception cref="UsageException">There is no such precision.</exception>
    public static IReadOnlyList<ProductTrial> Trials(string precision, ProductShape shape, InstructionSet? highest)
    {
        var row = Array.Find(Rows, r => r.Name == precision);
        return row.Trials?.Invoke(shape, highest)
            ?? throw new UsageException($"'{precision}' is no precision; expected one of {string.Join(", ", Names)}.");
    }

    private static GemmProblem Integers(ProductShape s) => new(s.N, s.K, DataType.UInt8, new Epilogue { Output = DataType.UInt8 });

    private static GemmProblem Floats(ProductShape s, DataType weights) =>
        new(s.N, s.K, DataType.Float32, new Epilogue { Output = DataType.Float32 }) { B = weights };

    private static ProductTrial[] Products(ProductShape s, InstructionSet? isa, GemmProblem problem)
    {
        var selection = KernelTable.Select(problem, isa);
        return Trials(KernelTable.Gemm, selection, problem, isa, (row, memory) =>
            memory.Own(row.Pack(problem, WeightsOf(problem))).Bind(Operands(s, problem.A, problem.Epilogue.Output, memory)));
    }

    private static ProductTrial[] LowBitProducts(ProductShape s, InstructionSet? isa)
    {
        var problem = new LowBitProblem(s.N, s.K, DataType.Float32, LowBitBlock, new Epilogue { Output = DataType.Float32 });
        var weights = new GemmWeights
        {
            B = Bytes(s.N * problem.Blocks * (LowBitBlock / 2)),
            BlockScales = Enumerable.Repeat(Scale, s.N * problem.Blocks).ToArray(),
        };
        return Trials(KernelTable.LowBit, KernelTable.Select(problem, isa), problem, isa, (row, memory) =>
            memory.Own(row.Pack(problem, weights)).Bind(Operands(s, DataType.Float32, DataType.Float32, memory)));
    }

    private static ProductTrial[] Trials<TProblem, TPacked>(
        IReadOnlyList<KernelRow<TProblem, TPacked>> rows, KernelSelection<TProblem, TPacked> selection, TProblem problem,
        InstructionSet? highest, Func<KernelRow<TProblem, TPacked>, TrialMemory, BoundKernel> bind) =>
    [
        .. from row in rows
           let refusal = selection.Refusals.FirstOrDefault(r => r.Kernel == row.Name)?.Reason
           let reached = row.InstructionSet <= MachineFeatures.Current.InstructionSet && !(row.InstructionSet > highest)
           select new ProductTrial(row.Name, refusal, reached && row.Refuses(problem) is null, memory => bind(row, memory)),
    ];

    private static GemmOperands Operands(ProductShape s, DataType activations, DataType output, TrialMemory memory)
    {
        var a = activations == DataType.Float32 ? memory.RandomFloats((long)s.M * s.K) : memory.RandomBytes((long)s.M * s.K);
        return new(s.M, a, s.K * activations.Size(), memory.Empty((long)s.M * s.N * output.Size()), s.N * output.Size());
    }

    private static GemmWeights WeightsOf(GemmProblem p)
    {
        if (p.A != DataType.Float32) return new() { B = Bytes(p.N * p.K), Scale = Enumerable.Repeat(Scale, p.N).ToArray() };
        // Sixteen bits of any kind from 0x3000 on are ordinary numbers, in binary16 and bfloat16 alike.
        if (p.B != DataType.Float32) return new() { B = Words<ushort>(p.N * p.K, random => (ushort)random.Next(0x3000, 0x3c00)) };
        return new() { B = Words(p.N * p.K, random => (random.NextSingle() * 2) - 1) };
    }

    private static byte[] Bytes(int count) => Words(count, random => (byte)random.Next(256));

    private static byte[] Words<T>(int count, Func<Random, T> draw) where T : unmanaged
    {
        var random = new Random(11);
        var words = new T[count];
        foreach (ref var word in words.AsSpan()) word = draw(random);
        return MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
    }
}
