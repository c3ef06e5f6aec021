using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Elementwise;

/// <summary>ONNX And of bools (bytes 0 or 1).</summary>
public readonly struct And : IBinaryOperation<byte>
{
    public static string Name => "and";

    public Vector512<byte> Invoke(Vector512<byte> a, Vector512<byte> b) => a & b;
}

/// <summary>ONNX Or of bools (bytes 0 or 1).</summary>
public readonly struct Or : IBinaryOperation<byte>
{
    public static string Name => "or";

    public Vector512<byte> Invoke(Vector512<byte> a, Vector512<byte> b) => a | b;
}

/// <summary>ONNX Xor of bools (bytes 0 or 1).</summary>
public readonly struct Xor : IBinaryOperation<byte>
{
    public static string Name => "xor";

    public Vector512<byte> Invoke(Vector512<byte> a, Vector512<byte> b) => a ^ b;
}

/// <summary>ONNX Not of bools (bytes 0 or 1).</summary>
public readonly struct Not : IUnaryOperation<byte>
{
    public static string Name => "not";

    public Vector512<byte> Invoke(Vector512<byte> x) => x ^ Vector512<byte>.One;
}
