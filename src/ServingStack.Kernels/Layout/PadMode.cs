namespace ServingStack.Kernels.Layout;

/// <summary>What ONNX Pad puts outside the source.</summary>
public enum PadMode
{
    /// <summary>One value; for quantized tensors the zero point.</summary>
    Constant,

    /// <summary>The nearest element.</summary>
    Edge,

    /// <summary>The mirror image about the first and last element, which are not repeated.</summary>
    Reflect,

    /// <summary>The tensor again from its other end.</summary>
    Wrap,
}
