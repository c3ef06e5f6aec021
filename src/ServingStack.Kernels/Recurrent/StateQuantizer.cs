using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Recurrent;

/// <summary>Rounds a state to s8, symmetric about zero, its largest number to 127.</summary>
internal static unsafe class StateQuantizer
{
    private const int Width = 16;

    /// <summary>What one step is worth; 1 where all numbers are zero.</summary>
    public static float Run(float* state, sbyte* target, int count)
    {
        var largest = Vector512<float>.Zero;
        for (var i = 0; i < count; i += Width)
            largest = Vector512.MaxNative(largest, Vector512.Abs(Lanes.Load(state + i, Math.Min(Width, count - i))));
        var unit = Across.Max(largest) / sbyte.MaxValue;
        if (!(unit > 0)) unit = 1;
        var divisor = Vector512.Create(unit);
        for (var i = 0; i < count; i += Width)
        {
            var lanes = Math.Min(Width, count - i);
            ByteLanes<sbyte>.Store(VectorMath.RoundToInt32(Lanes.Load(state + i, lanes) / divisor), target + i, lanes);
        }

        return unit;
    }
}
