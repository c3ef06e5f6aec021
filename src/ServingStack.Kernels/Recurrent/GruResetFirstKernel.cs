using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Recurrent;

/// <summary>
/// As <see cref="GruKernel"/>, but the state is multiplied by the reset gate before it is multiplied by the matrix: a product of its own,
/// which has to wait for that gate.
/// </summary>
internal sealed unsafe class GruResetFirstKernel(
    RecurrentProblem problem, RecurrentOperands operands, RecurrentScratch scratch, BoundKernel? input, BoundKernel? state,
    BoundKernel? candidateProduct)
    : RecurrentKernel(problem, operands, scratch, input, state)
{
    protected override void Prepare(float* inputGates, float* gates, float* hidden, float* cell, int batch)
    {
        for (var n = 0; n < batch; n++)
        {
            Reset(inputGates + Hidden, gates + Hidden, hidden, cell);
            inputGates += 3 * Hidden;
            gates += 3 * Hidden;
            hidden += Hidden;
            cell += Hidden;
        }
        candidateProduct?.Run(0, 1);
    }

    protected override void Pass(float* inputGates, float* gates, float* hidden, float* cell, float* y)
    {
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var x = inputGates + i;
            var g = gates + i;
            var update = VectorMath.Sigmoid(Lanes.Load(x, lanes) + Lanes.Load(g, lanes));
            var candidate = VectorMath.Tanh(Lanes.Load(x + (2 * Hidden), lanes) + Lanes.Load(g + (2 * Hidden), lanes));
            var h = Vector512.FusedMultiplyAdd(update, Lanes.Load(hidden + i, lanes) - candidate, candidate);
            Lanes.Store(h, hidden + i, lanes);
            Lanes.Store(h, y + i, lanes);
        }
    }

    private void Reset(float* inputGates, float* gates, float* hidden, float* product)
    {
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var reset = VectorMath.Sigmoid(Lanes.Load(inputGates + i, lanes) + Lanes.Load(gates + i, lanes));
            Lanes.Store(reset * Lanes.Load(hidden + i, lanes), product + i, lanes);
        }
    }
}
