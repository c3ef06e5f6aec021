using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Engine.Lowering;

/// <summary>From a node's attributes to what its kernel does with the accumulators.</summary>
internal static class Epilogues
{
    public static Epilogue Of(PlanNode node) => node.Domain == Domains.Quantized ? Quantized(node) : Single(node);

    private static Epilogue Single(PlanNode node) => new()
    {
        Output = DataType.Float32,
        Residual = node.Input(3) is null ? null : DataType.Float32,
        ClampMin = node.Attributes.Float("activation_min", float.NegativeInfinity),
        ClampMax = node.Attributes.Float("activation_max", float.PositiveInfinity),
    };

    private static Epilogue Quantized(PlanNode node) => new()
    {
        Output = node.Y.KernelType!.Value,
        Residual = node.Input(3)?.KernelType,
        Before = BeforeOf(node),
        ResidualScale = node.Attributes.Float("r_scale", 1) / node.Attributes.Float("y_scale", 1),
        ResidualZeroPoint = (int)node.Attributes.Int("r_zero_point", 0),
        OutputZeroPoint = (int)node.Attributes.Int("y_zero_point", 0),
        ClampMin = node.Attributes.Float("clamp_min", float.NegativeInfinity),
        ClampMax = node.Attributes.Float("clamp_max", float.PositiveInfinity),
    };

    private static RoundedSum? BeforeOf(PlanNode node)
    {
        if (!node.Attributes.Contains("s_scale")) return null;
        var (least, most) = node.Attributes.Int("s_signed", 0) != 0 ? (-128, 127) : (0, 255);
        var zeroPoint = (int)node.Attributes.Int("s_zero_point", 0);
        return new(node.Attributes.Float("s_scale", 1) / node.Attributes.Float("y_scale", 1), least - zeroPoint, most - zeroPoint);
    }
}
