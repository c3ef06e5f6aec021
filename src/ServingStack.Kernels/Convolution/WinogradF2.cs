using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// F(2x2, 3x3): four ninths of the multiplications, on weights that grow less than with larger tiles; for few tiles and many channels,
/// where reading the weights is what takes the time. Its points are 0, ±1 and infinity.
/// </summary>
internal readonly unsafe struct WinogradF2 : IWinogradTransform
{
    public static string Name => "f2";

    public static int Outputs => 2;

    public static ReadOnlySpan<double> Weights =>
    [
        1, 0, 0,
        0.5, 0.5, 0.5,
        0.5, -0.5, 0.5,
        0, 0, 1,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPoints(float* source, nint sourceStep, float* target, nint targetStep)
    {
        var (x1, x2) = (Vector512.Load(source + sourceStep), Vector512.Load(source + (2 * sourceStep)));
        (Vector512.Load(source) - x2).Store(target);
        (x1 + x2).Store(target + targetStep);
        (x2 - x1).Store(target + (2 * targetStep));
        (Vector512.Load(source + (3 * sourceStep)) - x1).Store(target + (3 * targetStep));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs(float* source, nint sourceStep, float* target, nint targetStep)
    {
        var (x1, x2) = (Vector512.Load(source + sourceStep), Vector512.Load(source + (2 * sourceStep)));
        (Vector512.Load(source) + (x1 + x2)).Store(target);
        (x1 - x2 + Vector512.Load(source + (3 * sourceStep))).Store(target + targetStep);
    }
}
