using System.Numerics;

namespace ServingStack.Kernels.Elementwise;

/// <summary>ONNX Equal.</summary>
public readonly struct Equal<T> : IPredicate<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static string Name => "equal";

    public static bool Invoke(T a, T b) => a == b;
}

/// <summary>ONNX Less.</summary>
public readonly struct Less<T> : IPredicate<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static string Name => "less";

    public static bool Invoke(T a, T b) => a < b;
}

/// <summary>ONNX LessOrEqual.</summary>
public readonly struct LessOrEqual<T> : IPredicate<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static string Name => "lessorequal";

    public static bool Invoke(T a, T b) => a <= b;
}

/// <summary>ONNX Greater.</summary>
public readonly struct Greater<T> : IPredicate<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static string Name => "greater";

    public static bool Invoke(T a, T b) => a > b;
}

/// <summary>ONNX GreaterOrEqual.</summary>
public readonly struct GreaterOrEqual<T> : IPredicate<T>
    where T : IComparisonOperators<T, T, bool>
{
    public static string Name => "greaterorequal";

    public static bool Invoke(T a, T b) => a >= b;
}
