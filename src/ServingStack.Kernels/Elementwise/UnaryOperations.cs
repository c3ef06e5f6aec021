using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Elementwise;

/// <summary>ONNX Relu: max(x, 0); NaN stays NaN.</summary>
public readonly struct Relu : IUnaryOperation<float>
{
    public static string Name => "relu";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512.MaxNative(Vector512<float>.Zero, x);
}

/// <summary>ONNX LeakyRelu: x below zero is multiplied by <paramref name="alpha"/>.</summary>
public readonly struct LeakyRelu(float alpha) : IUnaryOperation<float>
{
    public static string Name => "leakyrelu";

    public Vector512<float> Invoke(Vector512<float> x) =>
        Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512<float>.Zero), x * alpha, x);
}

/// <summary>ONNX Clip: min(max(x, low), high); NaN stays NaN.</summary>
public readonly struct Clip(float low, float high) : IUnaryOperation<float>
{
    public static string Name => "clip";

    public Vector512<float> Invoke(Vector512<float> x) =>
        Vector512.MinNative(Vector512.Create(high), Vector512.MaxNative(Vector512.Create(low), x));
}

/// <summary>ONNX Sigmoid: 1 / (1 + e^-x).</summary>
public readonly struct Sigmoid : IUnaryOperation<float>
{
    public static string Name => "sigmoid";

    public Vector512<float> Invoke(Vector512<float> x) => VectorMath.Sigmoid(x);
}

/// <summary>ONNX Tanh.</summary>
public readonly struct Tanh : IUnaryOperation<float>
{
    public static string Name => "tanh";

    public Vector512<float> Invoke(Vector512<float> x) => VectorMath.Tanh(x);
}

/// <summary>ONNX Exp.</summary>
public readonly struct Exp : IUnaryOperation<float>
{
    public static string Name => "exp";

    public Vector512<float> Invoke(Vector512<float> x) => VectorMath.Exp(x);
}

/// <summary>ONNX Log: the natural logarithm; NaN below zero.</summary>
public readonly struct Log : IUnaryOperation<float>
{
    public static string Name => "log";

    public Vector512<float> Invoke(Vector512<float> x) => VectorMath.Log(x);
}

/// <summary>ONNX Sqrt; NaN below zero.</summary>
public readonly struct Sqrt : IUnaryOperation<float>
{
    public static string Name => "sqrt";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512.Sqrt(x);
}

/// <summary>ONNX Neg.</summary>
public readonly struct Neg<T> : IUnaryOperation<T>
{
    public static string Name => "neg";

    public Vector512<T> Invoke(Vector512<T> x) => -x;
}

/// <summary>ONNX Abs.</summary>
public readonly struct Abs<T> : IUnaryOperation<T>
{
    public static string Name => "abs";

    public Vector512<T> Invoke(Vector512<T> x) => Vector512.Abs(x);
}

/// <summary>ONNX Erf: the error function.</summary>
public readonly struct Erf : IUnaryOperation<float>
{
    public static string Name => "erf";

    public Vector512<float> Invoke(Vector512<float> x) => VectorMath.Erf(x);
}

/// <summary>ONNX Gelu (approximate = "none"): x / 2 (1 + erf(x / sqrt 2)).</summary>
public readonly struct Gelu : IUnaryOperation<float>
{
    private const float InverseSqrt2 = 0.70710678f;

    public static string Name => "gelu";

    public Vector512<float> Invoke(Vector512<float> x) =>
        x * 0.5f * (Vector512<float>.One + VectorMath.Erf(x * InverseSqrt2));
}

/// <summary>ONNX Gelu (approximate = "tanh"): x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).</summary>
public readonly struct GeluTanh : IUnaryOperation<float>
{
    private const float SqrtTwoOverPi = 0.79788456f;

    public static string Name => "gelutanh";

    public Vector512<float> Invoke(Vector512<float> x)
    {
        var inner = SqrtTwoOverPi * (x + (x * x * x * 0.044715f));
        return x * 0.5f * (Vector512<float>.One + VectorMath.Tanh(inner));
    }
}

/// <summary>ONNX HardSigmoid: max(0, min(1, alpha x + beta)).</summary>
public readonly struct HardSigmoid(float alpha, float beta) : IUnaryOperation<float>
{
    public static string Name => "hardsigmoid";

    public Vector512<float> Invoke(Vector512<float> x) =>
        Vector512.MaxNative(Vector512<float>.Zero, Vector512.MinNative(Vector512<float>.One, (x * alpha) + Vector512.Create(beta)));
}

/// <summary>ONNX HardSwish: x max(0, min(1, x / 6 + 1 / 2)).</summary>
public readonly struct HardSwish : IUnaryOperation<float>
{
    public static string Name => "hardswish";

    public Vector512<float> Invoke(Vector512<float> x) => x * new HardSigmoid(1f / 6, 0.5f).Invoke(x);
}

/// <summary>ONNX Elu: alpha (e^x - 1) below zero.</summary>
public readonly struct Elu(float alpha) : IUnaryOperation<float>
{
    public static string Name => "elu";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512.ConditionalSelect(
        Vector512.LessThan(x, Vector512<float>.Zero), alpha * (VectorMath.Exp(x) - Vector512<float>.One), x);
}

/// <summary>ONNX Softplus: ln(1 + e^x), computed as max(x, 0) + ln(1 + e^-|x|), which cannot overflow.</summary>
public readonly struct Softplus : IUnaryOperation<float>
{
    public static string Name => "softplus";

    public Vector512<float> Invoke(Vector512<float> x) =>
        Vector512.MaxNative(Vector512<float>.Zero, x) + VectorMath.Log(Vector512<float>.One + VectorMath.Exp(-Vector512.Abs(x)));
}

/// <summary>ONNX Floor.</summary>
public readonly struct Floor : IUnaryOperation<float>
{
    public static string Name => "floor";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512.Floor(x);
}

/// <summary>ONNX Ceil.</summary>
public readonly struct Ceil : IUnaryOperation<float>
{
    public static string Name => "ceil";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512.Ceiling(x);
}

/// <summary>ONNX Round: to the nearest integer, halves to even.</summary>
public readonly struct Round : IUnaryOperation<float>
{
    public static string Name => "round";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512.Round(x);
}

/// <summary>ONNX Reciprocal: 1 / x.</summary>
public readonly struct Reciprocal : IUnaryOperation<float>
{
    public static string Name => "reciprocal";

    public Vector512<float> Invoke(Vector512<float> x) => Vector512<float>.One / x;
}
