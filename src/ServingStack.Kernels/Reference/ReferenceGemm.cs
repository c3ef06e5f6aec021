using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Reference;

/// <summary>The definition of a GEMM, in three loops.</summary>
internal sealed unsafe class ReferenceGemm : PackedGemm
{
    private readonly GemmWeights _weights;

    public ReferenceGemm(GemmProblem problem, GemmWeights weights) : base(problem)
    {
        GemmChecks.Check(problem, weights);
        _weights = weights with { B = HalfWeights.Widened(problem, weights.B) };
    }

    protected override BoundKernel BindChecked(GemmOperands operands) => new Bound(Problem, _weights, operands);

    private sealed class Bound(GemmProblem problem, GemmWeights weights, GemmOperands operands) : BoundKernel
    {
        public override string KernelName => "gemm_reference";

        public override void Run(int part, int parts)
        {
            for (var m = 0; m < operands.M; m++)
                for (var n = 0; n < problem.N; n++)
                    Store(m, n);
        }

        private void Store(int m, int n)
        {
            var output = operands.C + (m * operands.StrideC) + (n * problem.Epilogue.Output.Size());
            var residual = problem.Epilogue.Residual is { } type
                ? operands.Residual + (m * operands.StrideResidual) + (n * type.Size())
                : 0;
            if (problem.A == DataType.Float32) ReferenceEpilogue.StoreFloat(problem.Epilogue, FloatSum(m, n), residual, output);
            else ReferenceEpilogue.StoreInteger(problem.Epilogue, IntegerSum(m, n), Scale(n), residual, output);
        }

        private float Scale(int n) => weights.Scale.IsEmpty ? 1 : weights.Scale.Span[n];

        private float FloatSum(int m, int n)
        {
            var a = (float*)(operands.A + (m * operands.StrideA));
            var b = MemoryMarshal.Cast<byte, float>(weights.B.Span);
            double sum = weights.Bias.IsEmpty ? 0 : weights.Bias.Span[n];
            for (var k = 0; k < problem.K; k++) sum += (double)a[k] * b[(k * problem.N) + n];
            return (float)sum;
        }

        private int IntegerSum(int m, int n)
        {
            var a = (byte*)(operands.A + (m * operands.StrideA));
            var b = MemoryMarshal.Cast<byte, sbyte>(weights.B.Span);
            var sum = weights.IntegerBias.IsEmpty ? 0 : weights.IntegerBias.Span[n];
            for (var k = 0; k < problem.K; k++)
            {
                var x = problem.A == DataType.UInt8 ? a[k] : (int)(sbyte)a[k];
                sum += (x - weights.ZeroPointA) * b[(k * problem.N) + n];
            }
            return sum;
        }
    }
}
