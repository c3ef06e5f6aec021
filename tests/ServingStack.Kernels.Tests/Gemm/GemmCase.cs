using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Gemm;

/// <summary>
/// One GEMM with random numbers, computed by a row of the table and by the reference, every buffer ending at a guard page.
/// </summary>
internal sealed class GemmCase(int m, GemmProblem problem, int seed, int rowPadding = 0, float scaleFactor = 1)
{
    private readonly Random _random = new(seed);

    public override string ToString() => $"seed {seed}, M {m}, padding {rowPadding}, {problem}";

    /// <summary>
    /// Runs <paramref name="row"/> in up to <paramref name="parts"/> parts and asserts that its result is the reference's.
    /// </summary>
    public void Check(KernelRow<GemmProblem, PackedGemm> row, int parts = 1)
    {
        var weights = RandomOperands.Weights(_random, problem.A, problem.Epilogue, problem.N, problem.K * problem.N);
        if (scaleFactor != 1) weights = weights with { Scale = weights.Scale.ToArray().Select(scale => scale * scaleFactor).ToArray() };
        var elementA = problem.A.Size();
        using var a = RandomOperands.Fill(_random, problem.A, RowBytes(problem.K * elementA));
        var residualType = problem.Epilogue.Residual ?? DataType.UInt8;
        using var residual = RandomOperands.Fill(_random, residualType, RowBytes(problem.N * residualType.Size()));
        using var expected = new GuardedBuffer(RowBytes(problem.N * problem.Epilogue.Output.Size()));
        using var actual = new GuardedBuffer(expected.ByteLength);

        using var reference = new ReferenceGemm(problem, weights);
        reference.Bind(Operands(a, expected, residual, residualType)).Run(0, 1);
        using var packed = row.Pack(problem, weights);
        var bound = packed.Bind(Operands(a, actual, residual, residualType));
        parts = Math.Min(parts, bound.MaxParts);
        System.Threading.Tasks.Parallel.For(0, parts, part => bound.Run(part, parts));
        Comparison.AssertEqual(
            problem.Epilogue.Output, problem.A == DataType.Float32, expected.Bytes, actual.Bytes, $"{bound.KernelName}: {this}");
    }

    private int RowBytes(int bytes) => (m * bytes) + ((m - 1) * rowPadding);

    private GemmOperands Operands(GuardedBuffer a, GuardedBuffer c, GuardedBuffer residual, DataType residualType) => new(
        m, a.Address, (problem.K * problem.A.Size()) + rowPadding,
        c.Address, (problem.N * problem.Epilogue.Output.Size()) + rowPadding,
        residual.Address, (problem.N * residualType.Size()) + rowPadding);
}
