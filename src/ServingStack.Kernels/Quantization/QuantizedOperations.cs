using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Quantization;

/// <summary>Two quantized numbers, less their zero points, to a real number of output steps. Lanes must not influence each other.</summary>
internal interface IQuantizedOperation
{
    static abstract string Name { get; }

    Vector512<float> Invoke(Vector512<int> a, Vector512<int> b);
}

/// <summary>Sum of two products with float factors; the second is added with one rounding, as in the GEMM epilogue's residual.</summary>
internal readonly struct QuantizedAdd(float factorA, float factorB) : IQuantizedOperation
{
    public static string Name => "add";

    public Vector512<float> Invoke(Vector512<int> a, Vector512<int> b) => Vector512.FusedMultiplyAdd(
        Vector512.ConvertToSingle(b), Vector512.Create(factorB), Vector512.ConvertToSingle(a) * factorA);
}

/// <summary>An exact integer product times one float factor.</summary>
internal readonly struct QuantizedMul(float factor) : IQuantizedOperation
{
    public static string Name => "mul";

    public Vector512<float> Invoke(Vector512<int> a, Vector512<int> b) => Vector512.ConvertToSingle(a * b) * factor;
}
