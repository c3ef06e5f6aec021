using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Recurrent;

/// <summary>cell = forget * cell + input * tanh(candidate); hidden = output * tanh(cell).</summary>
internal sealed unsafe class LstmKernel(
    RecurrentProblem problem, RecurrentOperands operands, RecurrentScratch scratch, BoundKernel? input, BoundKernel? state)
    : RecurrentKernel(problem, operands, scratch, input, state)
{
    protected override void Pass(float* inputGates, float* gates, float unit, float* hidden, float* cell, float* y)
    {
        var factor = Vector512.Create(unit);
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var x = inputGates + i;
            var g = gates + i;
            var enter = VectorMath.Sigmoid(Gate(x, g, factor, lanes));
            var leave = VectorMath.Sigmoid(Gate(x + Hidden, g + Hidden, factor, lanes));
            var keep = VectorMath.Sigmoid(Gate(x + (2 * Hidden), g + (2 * Hidden), factor, lanes));
            var candidate = VectorMath.Tanh(Gate(x + (3 * Hidden), g + (3 * Hidden), factor, lanes));
            var c = (keep * Lanes.Load(cell + i, lanes)) + (enter * candidate);
            var h = leave * VectorMath.Tanh(c);
            Lanes.Store(c, cell + i, lanes);
            Lanes.Store(h, hidden + i, lanes);
            Lanes.Store(h, y + i, lanes);
        }
    }
}
