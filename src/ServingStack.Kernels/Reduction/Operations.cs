using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Reduction;

/// <summary>How many numbers become one: an associative combination from a neutral element on, and a last step.</summary>
public interface IReduction
{
    static abstract string Name { get; }

    /// <summary>Combined with anything, it changes nothing.</summary>
    static abstract float Neutral { get; }

    static abstract Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x);

    /// <summary>Two accumulators to one.</summary>
    static abstract Vector512<float> Merge(Vector512<float> a, Vector512<float> b);

    /// <inheritdoc cref="Merge(Vector512{float}, Vector512{float})"/>
    static abstract Vector128<float> Merge(Vector128<float> a, Vector128<float> b);

    static abstract Vector512<float> Finish(Vector512<float> accumulator, long count);
}

/// <summary>ONNX ReduceSum.</summary>
public readonly struct Sum : IReduction
{
    public static string Name => "sum";

    public static float Neutral => 0;

    public static Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x) => accumulator + x;

    public static Vector512<float> Merge(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector128<float> Merge(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector512<float> Finish(Vector512<float> accumulator, long count) => accumulator;
}

/// <summary>ONNX ReduceMean.</summary>
public readonly struct Mean : IReduction
{
    public static string Name => "mean";

    public static float Neutral => 0;

    public static Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x) => accumulator + x;

    public static Vector512<float> Merge(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector128<float> Merge(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector512<float> Finish(Vector512<float> accumulator, long count) => accumulator / Vector512.Create((float)count);
}

/// <summary>ONNX ReduceMax; NaN wins.</summary>
public readonly struct Max : IReduction
{
    public static string Name => "max";

    public static float Neutral => float.NegativeInfinity;

    public static Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x) => Vector512.Max(accumulator, x);

    public static Vector512<float> Merge(Vector512<float> a, Vector512<float> b) => Vector512.Max(a, b);

    public static Vector128<float> Merge(Vector128<float> a, Vector128<float> b) => Vector128.Max(a, b);

    public static Vector512<float> Finish(Vector512<float> accumulator, long count) => accumulator;
}

/// <summary>ONNX ReduceMin; NaN wins.</summary>
public readonly struct Min : IReduction
{
    public static string Name => "min";

    public static float Neutral => float.PositiveInfinity;

    public static Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x) => Vector512.Min(accumulator, x);

    public static Vector512<float> Merge(Vector512<float> a, Vector512<float> b) => Vector512.Min(a, b);

    public static Vector128<float> Merge(Vector128<float> a, Vector128<float> b) => Vector128.Min(a, b);

    public static Vector512<float> Finish(Vector512<float> accumulator, long count) => accumulator;
}

/// <summary>ONNX ReduceSumSquare.</summary>
public readonly struct SumSquare : IReduction
{
    public static string Name => "sumsquare";

    public static float Neutral => 0;

    public static Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x) => accumulator + (x * x);

    public static Vector512<float> Merge(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector128<float> Merge(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector512<float> Finish(Vector512<float> accumulator, long count) => accumulator;
}

/// <summary>ONNX ReduceL2: the square root of the sum of squares.</summary>
public readonly struct L2 : IReduction
{
    public static string Name => "l2";

    public static float Neutral => 0;

    public static Vector512<float> Combine(Vector512<float> accumulator, Vector512<float> x) => accumulator + (x * x);

    public static Vector512<float> Merge(Vector512<float> a, Vector512<float> b) => a + b;

    public static Vector128<float> Merge(Vector128<float> a, Vector128<float> b) => a + b;

    public static Vector512<float> Finish(Vector512<float> accumulator, long count) => Vector512.Sqrt(accumulator);
}
