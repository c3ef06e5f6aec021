using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>
/// One GEMM with random 4-bit weights, computed by a row of the table and by the reference, every buffer ending at a guard page. Results
/// are equal bit for bit: the order of the float operations is part of the definition.
/// </summary>
internal sealed class LowBitCase(int m, LowBitProblem problem, int seed, int rowPadding = 0, bool halfScales = false, float outliers = 0.03f)
{
    private readonly Random _random = new(seed);

    public override string ToString() => $"seed {seed}, M {m}, padding {rowPadding}, half scales {halfScales}, {problem}";

    public void Check(KernelRow<LowBitProblem, PackedLowBit> row, int parts = 1)
    {
        var weights = Weights();
        using var a = RandomOperands.Fill(_random, problem.A, RowBytes(problem.K * problem.A.Size()));
        var residualType = problem.Epilogue.Residual ?? DataType.UInt8;
        using var residual = RandomOperands.Fill(_random, residualType, RowBytes(problem.N * residualType.Size()));
        using var expected = new GuardedBuffer(RowBytes(problem.N * problem.Epilogue.Output.Size()));
        using var actual = new GuardedBuffer(expected.ByteLength);

        using var reference = new ReferenceLowBit(problem, weights);
        reference.Bind(Operands(a, expected, residual, residualType)).Run(0, 1);
        using var packed = row.Pack(problem, weights);
        var bound = packed.Bind(Operands(a, actual, residual, residualType));
        parts = Math.Min(parts, bound.MaxParts);
        System.Threading.Tasks.Parallel.For(0, parts, part => bound.Run(part, parts));
        Comparison.AssertEqual(problem.Epilogue.Output, false, expected.Bytes, actual.Bytes, $"{bound.KernelName}: {this}");
    }

    /// <summary>Results spread over the range of a byte, or over a few units of fp32.</summary>
    private GemmWeights Weights()
    {
        var b = new byte[problem.N * problem.Blocks * Nibbles.BytesFor(problem.Block)];
        _random.NextBytes(b);
        var zeroPoints = new byte[problem.HasZeroPoints ? problem.N * problem.Blocks : 0];
        for (var i = 0; i < zeroPoints.Length; i++) zeroPoints[i] = (byte)_random.Next(16);
        var spread = problem.Epilogue.Output == DataType.Float32 ? 0.01f : 1;
        return new GemmWeights
        {
            B = b,
            BlockScales = Floats(problem.N * problem.Blocks, x => halfScales ? (float)(Half)(x + 1.5f) : x + 1.5f),
            BlockZeroPoints = zeroPoints,
            Scale = problem.A == DataType.Float32 ? default : Floats(problem.N, x => spread * (x + 2) / (8 * MathF.Sqrt(problem.K))),
            Bias = Floats(problem.N, x => 10 * spread * x),
            ZeroPointA = problem.A switch { DataType.UInt8 => _random.Next(256), DataType.Int8 => _random.Next(-128, 128), _ => 0 },
            Outliers = problem.HasOutliers ? Outliers() : default,
        };
    }

    private Outlier[] Outliers() =>
    [
        .. Enumerable.Range(0, (int)MathF.Ceiling(problem.N * problem.K * outliers))
            .Select(_ => new Outlier(_random.Next(problem.K), _random.Next(problem.N), (_random.NextSingle() * 40) - 20)),
    ];

    private float[] Floats(int count, Func<float, float> map) =>
        [.. Enumerable.Range(0, count).Select(_ => map((_random.NextSingle() * 2) - 1))];

    private int RowBytes(int bytes) => (m * bytes) + ((m - 1) * rowPadding);

    private GemmOperands Operands(GuardedBuffer a, GuardedBuffer c, GuardedBuffer residual, DataType residualType) => new(
        m, a.Address, (problem.K * problem.A.Size()) + rowPadding,
        c.Address, (problem.N * problem.Epilogue.Output.Size()) + rowPadding,
        residual.Address, (problem.N * residualType.Size()) + rowPadding);
}
