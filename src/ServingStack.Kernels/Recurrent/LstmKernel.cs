using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Recurrent;

/// <summary>cell = forget * cell + input * tanh(candidate); hidden = output * tanh(cell).</summary>
internal sealed unsafe class LstmKernel(
    RecurrentProblem problem, RecurrentOperands operands, RecurrentScratch scratch, BoundKernel? input, BoundKernel? state)
    : RecurrentKernel(problem, operands, scratch, input, state)
{
    protected override void Pass(float* inputGates, float* gates, float* hidden, float* cell, float* y)
    {
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var x = inputGates + i;
            var g = gates + i;
            var enter = VectorMath.Sigmoid(Lanes.Load(x, lanes) + Lanes.Load(g, lanes));
            var leave = VectorMath.Sigmoid(Lanes.Load(x + Hidden, lanes) + Lanes.Load(g + Hidden, lanes));
            var keep = VectorMath.Sigmoid(Lanes.Load(x + (2 * Hidden), lanes) + Lanes.Load(g + (2 * Hidden), lanes));
            var candidate = VectorMath.Tanh(Lanes.Load(x + (3 * Hidden), lanes) + Lanes.Load(g + (3 * Hidden), lanes));
            var c = (keep * Lanes.Load(cell + i, lanes)) + (enter * candidate);
            var h = leave * VectorMath.Tanh(c);
            Lanes.Store(c, cell + i, lanes);
            Lanes.Store(h, hidden + i, lanes);
            Lanes.Store(h, y + i, lanes);
        }
    }
}
