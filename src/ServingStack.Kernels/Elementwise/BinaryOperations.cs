using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Elementwise;

/// <summary>ONNX Add.</summary>
public readonly struct Add<T> : IBinaryOperation<T>
{
    public static string Name => "add";

    public Vector512<T> Invoke(Vector512<T> a, Vector512<T> b) => a + b;
}

/// <summary>ONNX Sub.</summary>
public readonly struct Sub<T> : IBinaryOperation<T>
{
    public static string Name => "sub";

    public Vector512<T> Invoke(Vector512<T> a, Vector512<T> b) => a - b;
}

/// <summary>ONNX Mul.</summary>
public readonly struct Mul<T> : IBinaryOperation<T>
{
    public static string Name => "mul";

    public Vector512<T> Invoke(Vector512<T> a, Vector512<T> b) => a * b;
}

/// <summary>ONNX Div on floats (an integer quotient could trap on a zero of another request's batch row).</summary>
public readonly struct Div : IBinaryOperation<float>
{
    public static string Name => "div";

    public Vector512<float> Invoke(Vector512<float> a, Vector512<float> b) => a / b;
}

/// <summary>ONNX Min of two; NaN wins.</summary>
public readonly struct Min<T> : IBinaryOperation<T>
{
    public static string Name => "min";

    public Vector512<T> Invoke(Vector512<T> a, Vector512<T> b) => Vector512.Min(a, b);
}

/// <summary>ONNX Max of two; NaN wins.</summary>
public readonly struct Max<T> : IBinaryOperation<T>
{
    public static string Name => "max";

    public Vector512<T> Invoke(Vector512<T> a, Vector512<T> b) => Vector512.Max(a, b);
}

/// <summary>ONNX PRelu: a below zero is multiplied by the slope b.</summary>
public readonly struct PRelu : IBinaryOperation<float>
{
    public static string Name => "prelu";

    public Vector512<float> Invoke(Vector512<float> a, Vector512<float> b) =>
        Vector512.ConditionalSelect(Vector512.LessThan(a, Vector512<float>.Zero), a * b, a);
}

/// <summary>ONNX Pow. Squaring, the exponent that occurs, is vectorised; other exponents go lane by lane.</summary>
public readonly struct Pow : IBinaryOperation<float>
{
    public static string Name => "pow";

    public Vector512<float> Invoke(Vector512<float> a, Vector512<float> b) =>
        Vector512.EqualsAll(b, Vector512.Create(2f)) ? a * a : LaneByLane(a, b);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> LaneByLane(Vector512<float> a, Vector512<float> b)
    {
        var y = a;
        for (var lane = 0; lane < Vector512<float>.Count; lane++) y = y.WithElement(lane, MathF.Pow(a[lane], b[lane]));
        return y;
    }
}

/// <summary>Another operation followed by min(max(y, low), high): a fused activation.</summary>
public readonly struct Clamped<TOperation>(TOperation operation, float low, float high) : IBinaryOperation<float>
    where TOperation : struct, IBinaryOperation<float>
{
    public static string Name => TOperation.Name + "_clip";

    public Vector512<float> Invoke(Vector512<float> a, Vector512<float> b) => new Clip(low, high).Invoke(operation.Invoke(a, b));
}
