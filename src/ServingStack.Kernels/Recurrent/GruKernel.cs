using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Recurrent;

/// <summary>candidate = tanh(x + reset * (state's product)); hidden = (1 - update) * candidate + update * hidden.</summary>
internal sealed unsafe class GruKernel(
    RecurrentProblem problem, RecurrentOperands operands, RecurrentScratch scratch, BoundKernel? input, BoundKernel? state,
    float[] innerBias)
    : RecurrentKernel(problem, operands, scratch, input, state)
{
    protected override void Pass(float* inputGates, float* gates, float unit, float* hidden, float* cell, float* y)
    {
        var factor = Vector512.Create(unit);
        // Pinned for life.
        var bias = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(innerBias));
        for (var i = 0; i < Hidden; i += Width)
        {
            var lanes = Math.Min(Width, Hidden - i);
            var x = inputGates + i;
            var g = gates + i;
            var update = VectorMath.Sigmoid(Gate(x, g, factor, lanes));
            var reset = VectorMath.Sigmoid(Gate(x + Hidden, g + Hidden, factor, lanes));
            var product = Gate(bias + i, g + (2 * Hidden), factor, lanes);
            var candidate = VectorMath.Tanh(Vector512.FusedMultiplyAdd(reset, product, Lanes.Load(x + (2 * Hidden), lanes)));
            var h = Vector512.FusedMultiplyAdd(update, Lanes.Load(hidden + i, lanes) - candidate, candidate);
            Lanes.Store(h, hidden + i, lanes);
            Lanes.Store(h, y + i, lanes);
        }
    }
}
