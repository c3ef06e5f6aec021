using ServingStack.Graphs;

namespace ServingStack.Engine.Lowering;

/// <summary>In what numbers a step computes, as shown in dumps and metrics.</summary>
internal static class Precisions
{
    public const string Single = "fp32";
    public const string Int8 = "int8";

    /// <summary>The precision of a node's first input.</summary>
    public static string Of(PlanNode node) => Of(node.Inputs.FirstOrDefault(v => v is not null)?.ElementType ?? node.Y.ElementType);

    public static string Of(ElementType type) => type switch
    {
        ElementType.Float32 => Single,
        ElementType.UInt8 or ElementType.Int8 => Int8,
        _ => type.ToString().ToLowerInvariant(),
    };
}
