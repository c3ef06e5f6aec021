using System.Runtime.InteropServices;
using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Engine.Lowering;

/// <summary>The constants of a convolution or fully connected layer: weights, bias, and scales from accumulators to the output's unit.</summary>
internal static class LayerConstants
{
    /// <summary>Why a layer's types or constants do not fit our kernels; null when they do.</summary>
    public static string? Refusal(PlanNode node) =>
        RefusalOfTypes(node) ?? (node.Input(2) is { IsConstant: false } ? "its bias is not constant" : null);

    /// <summary>The part of <see cref="Refusal"/> that leaves the bias out.</summary>
    public static string? RefusalOfTypes(PlanNode node)
    {
        var type = node.X.KernelType;
        var quantized = node.Domain == Domains.Quantized;
        if (quantized ? type is not (DataType.UInt8 or DataType.Int8) : type != DataType.Float32) return $"its input is {node.X.ElementType}";
        if (node.Inputs[1]!.Constant is not { } weights) return "its weights are not constant";
        if (weights.ElementType != (quantized ? ElementType.Int8 : ElementType.Float32)) return $"its weights are {weights.ElementType}";
        return null;
    }

    /// <param name="node">The layer.</param>
    /// <param name="weights">Its weights, ordered as the kernel wants them.</param>
    /// <param name="outputs">Output channels.</param>
    public static GemmWeights Of(PlanNode node, ReadOnlyMemory<byte> weights, int outputs)
    {
        var bias = node.Input(2)?.Constant;
        return node.Domain == Domains.Quantized
            ? new GemmWeights
            {
                B = weights,
                IntegerBias = bias?.As<int>().ToArray(),
                Scale = ScalesOf(node, outputs),
                ZeroPointA = (int)node.Attributes.Int("x_zero_point", 0),
            }
            : new GemmWeights { B = weights, Bias = bias?.As<float>().ToArray() };
    }

    private static float[] ScalesOf(PlanNode node, int outputs)
    {
        var x = node.Attributes.Float("x_scale", 1);
        var y = node.Attributes.Float(node.Attributes.Contains("s_scale") ? "s_scale" : "y_scale", 1);
        var w = node.Attributes.Floats("w_scale") ?? [1];
        var scales = new float[outputs];
        for (var n = 0; n < outputs; n++) scales[n] = x * w[w.Length == 1 ? 0 : n] / y;
        return scales;
    }

    /// <summary>K x N out of N x K.</summary>
    public static byte[] Transposed(Tensor weights) => Constants.Permute(weights, weights.Dimensions, [1, 0]);

    /// <summary>Floats times a factor.</summary>
    public static ReadOnlyMemory<byte> Scaled(ReadOnlyMemory<byte> floats, float factor)
    {
        if (factor == 1) return floats;
        var result = floats.ToArray();
        foreach (ref var value in MemoryMarshal.Cast<byte, float>(result.AsSpan())) value *= factor;
        return result;
    }
}
