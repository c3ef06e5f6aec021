using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// F(4x4, 3x3): a quarter of the multiplications. Its points are 0, ±√½, ±√2 and infinity: their powers stay closer to 1 than those
/// of the usual 0, ±1, ±2, and rounding errors smaller.
/// </summary>
internal readonly unsafe struct WinogradF4 : IWinogradTransform
{
    private const double RootHalf = 0.70710678118654752;
    private const double RootTwo = 1.41421356237309505;

    public static string Name => "f4";

    public static int Outputs => 4;

    public static ReadOnlySpan<double> Weights =>
    [
        1, 0, 0,
        -2 / 3.0, -RootHalf * 2 / 3, -1 / 3.0,
        -2 / 3.0, RootHalf * 2 / 3, -1 / 3.0,
        1 / 6.0, RootTwo / 6, 2 / 6.0,
        1 / 6.0, -RootTwo / 6, 2 / 6.0,
        0, 0, 1,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToPoints(float* source, nint sourceStep, float* target, nint targetStep)
    {
        var x0 = Vector512.Load(source);
        var x1 = Vector512.Load(source + sourceStep);
        var x2 = Vector512.Load(source + (2 * sourceStep));
        var x3 = Vector512.Load(source + (3 * sourceStep));
        var x4 = Vector512.Load(source + (4 * sourceStep));
        var x5 = Vector512.Load(source + (5 * sourceStep));
        var (rootHalf, rootTwo) = (Vector512.Create((float)RootHalf), Vector512.Create((float)RootTwo));
        var evenInner = Vector512.FusedMultiplyAdd(x2, Vector512.Create(-2f), x4);
        var oddInner = Vector512.FusedMultiplyAdd(x3, rootHalf, -rootTwo * x1);
        var evenOuter = Vector512.FusedMultiplyAdd(x2, Vector512.Create(-0.5f), x4);
        var oddOuter = Vector512.FusedMultiplyAdd(x3, rootTwo, -rootHalf * x1);
        var middle = Vector512.Create(-2.5f);
        Vector512.FusedMultiplyAdd(x2, middle, x0 + x4).Store(target);
        (evenInner + oddInner).Store(target + targetStep);
        (evenInner - oddInner).Store(target + (2 * targetStep));
        (evenOuter + oddOuter).Store(target + (3 * targetStep));
        (evenOuter - oddOuter).Store(target + (4 * targetStep));
        Vector512.FusedMultiplyAdd(x3, middle, x1 + x5).Store(target + (5 * targetStep));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToOutputs(float* source, nint sourceStep, float* target, nint targetStep)
    {
        var (x1, x2) = (Vector512.Load(source + sourceStep), Vector512.Load(source + (2 * sourceStep)));
        var (x3, x4) = (Vector512.Load(source + (3 * sourceStep)), Vector512.Load(source + (4 * sourceStep)));
        var (innerSum, innerDifference) = (x1 + x2, x1 - x2);
        var (outerSum, outerDifference) = (x3 + x4, x3 - x4);
        var cubes = Vector512.FusedMultiplyAdd(
            innerDifference, Vector512.Create((float)(RootHalf / 2)), Vector512.Load(source + (5 * sourceStep)));
        (Vector512.Load(source) + innerSum + outerSum).Store(target);
        Vector512.FusedMultiplyAdd(innerDifference, Vector512.Create((float)RootHalf), outerDifference * (float)RootTwo)
            .Store(target + targetStep);
        Vector512.FusedMultiplyAdd(innerSum, Vector512.Create(0.5f), outerSum + outerSum).Store(target + (2 * targetStep));
        Vector512.FusedMultiplyAdd(outerDifference, Vector512.Create((float)(2 * RootTwo)), cubes).Store(target + (3 * targetStep));
    }
}
