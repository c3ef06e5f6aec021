using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Reference;

/// <summary>
/// The definition of a GEMM with 4-bit weights, one output at a time. Its float operations and their order are what the fast kernels match
/// bit for bit.
/// </summary>
internal sealed unsafe class ReferenceLowBit : PackedLowBit
{
    private readonly GemmWeights _weights;

    public ReferenceLowBit(LowBitProblem problem, GemmWeights weights) : base(problem)
    {
        LowBitChecks.Check(problem, weights);
        _weights = weights;
    }

    protected override BoundKernel BindChecked(GemmOperands operands) => new Bound(Problem, _weights, operands);

    private sealed class Bound(LowBitProblem problem, GemmWeights weights, GemmOperands operands) : BoundKernel
    {
        private readonly int[] _row = new int[problem.K];
        private readonly float[] _bias = LowBitBias.Of(problem, weights);
        private readonly uint[][] _outliers = LowBitColumns.Of(problem, weights.Outliers.Span);

        public override string KernelName => "lowbit_reference";

        public override void Run(int part, int parts)
        {
            for (var m = 0; m < operands.M; m++)
            {
                var step = ReadRow(m);
                for (var n = 0; n < problem.N; n++)
                {
                    var scale = problem.A == DataType.Float32 ? step : weights.Scale.Span[n];
                    Store(m, n, MathF.FusedMultiplyAdd(Blocks(n) + Outliers(n), scale, _bias[n]));
                }
            }
        }

        /// <summary>Reads a row as signed bytes and returns its step.</summary>
        private float ReadRow(int m)
        {
            var row = operands.A + (m * operands.StrideA);
            if (problem.A != DataType.Float32)
            {
                for (var k = 0; k < problem.K; k++) _row[k] = problem.A == DataType.UInt8 ? ((byte*)row)[k] - 128 : ((sbyte*)row)[k];
                return 1;
            }
            var floats = new ReadOnlySpan<float>((void*)row, problem.K);
            var largest = 0f;
            foreach (var x in floats) largest = MathF.Max(largest, MathF.Abs(x));
            var inverse = largest >= LowBitRows.LeastMagnitude ? 127 / largest : 0;
            for (var k = 0; k < problem.K; k++) _row[k] = (int)MathF.Round(floats[k] * inverse, MidpointRounding.ToEven);
            return largest / 127;
        }

        private float Blocks(int n)
        {
            var sum = 0f;
            for (var b = 0; b < problem.Blocks; b++)
            {
                var (product, row) = (0, 0);
                for (var k = b * problem.Block; k < Math.Min(problem.K, (b + 1) * problem.Block); k++)
                {
                    product += _row[k] * (LowBitColumns.Weight(problem, weights.B.Span, k, n) - 8);
                    row += _row[k];
                }
                var scale = weights.BlockScales.Span[(n * problem.Blocks) + b];
                sum = MathF.FusedMultiplyAdd(product, scale, sum);
                if (problem.HasZeroPoints)
                    sum = MathF.FusedMultiplyAdd(row, (8 - weights.BlockZeroPoints.Span[(n * problem.Blocks) + b]) * scale, sum);
            }
            return sum;
        }

        private float Outliers(int n)
        {
            Span<float> sums = stackalloc float[4];
            for (var i = 0; i < _outliers[n].Length; i++)
                sums[i % 4] = MathF.FusedMultiplyAdd(_row[Outlier.RowOf(_outliers[n][i])], Outlier.ValueOf(_outliers[n][i]), sums[i % 4]);
            return sums[0] + sums[1] + (sums[2] + sums[3]);
        }

        private void Store(int m, int n, float x)
        {
            var output = operands.C + (m * operands.StrideC) + (n * problem.Epilogue.Output.Size());
            var residual = problem.Epilogue.Residual is { } type ? operands.Residual + (m * operands.StrideResidual) + (n * type.Size()) : 0;
            ReferenceEpilogue.StoreFloat(problem.Epilogue, x, residual, output);
        }
    }
}
