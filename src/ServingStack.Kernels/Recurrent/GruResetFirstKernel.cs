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
    protected override void Prepare(float* inputGates, float* gates, float* hidden, float* cell, float* factors, int batch)
    {
        var products = cell;
        for (var n = 0; n < batch; n++)
        {
            FinishGates(inputGates, gates, factors[n], hidden, cell);
            inputGates += 3 * Hidden;
            gates += 3 * Hidden;
            hidden += Hidden;
            cell += Hidden;
        }

        Quantize(products, batch);
        candidateProduct?.Run(0, 1);
    }

    protected override void Pass(float* inputGates, float* gates, float unit, float* hidden, float* cell, float* y)
    {
        var factor = Vector512.Create(unit);
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var x = inputGates + i;
            var g = gates + i;
            var update = Lanes.Load(g, lanes);
            var candidate = VectorMath.Tanh(Gate(x + (2 * Hidden), g + (2 * Hidden), factor, lanes));
            var h = Vector512.FusedMultiplyAdd(update, Lanes.Load(hidden + i, lanes) - candidate, candidate);
            Lanes.Store(h, hidden + i, lanes);
            Lanes.Store(h, y + i, lanes);
        }
    }

    /// <summary>The update gate takes its product's place; the reset gate times the state is the next factor.</summary>
    private void FinishGates(float* inputGates, float* gates, float unit, float* hidden, float* product)
    {
        var factor = Vector512.Create(unit);
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var x = inputGates + i;
            var g = gates + i;
            Lanes.Store(VectorMath.Sigmoid(Gate(x, g, factor, lanes)), g, lanes);
            var reset = VectorMath.Sigmoid(Gate(x + Hidden, g + Hidden, factor, lanes));
            Lanes.Store(reset * Lanes.Load(hidden + i, lanes), product + i, lanes);
        }
    }
}
