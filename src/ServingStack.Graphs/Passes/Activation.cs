namespace ServingStack.Graphs.Passes;

/// <summary>Activations that are a clamp: Relu, and Clip with constant bounds.</summary>
internal static class Activation
{
    /// <summary>The least and the largest output; null for any other node.</summary>
    public static (float Least, float Most)? BoundsOf(Node node) => node switch
    {
        { OpType: "Relu", Domain: "" } => (0, float.PositiveInfinity),
        { OpType: "Clip", Domain: "" } when IsBound(node.Input(1)) && IsBound(node.Input(2)) =>
            (GraphEdits.Scalar(node.Input(1)) ?? float.NegativeInfinity, GraphEdits.Scalar(node.Input(2)) ?? float.PositiveInfinity),
        _ => null,
    };

    private static bool IsBound(Value? value) => value is null || GraphEdits.Scalar(value) is not null;
}
