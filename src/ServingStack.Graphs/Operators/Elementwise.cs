using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>Operators whose output 0 has the shape of input 0: activations, mathematics of one variable, and normalizations.</summary>
internal static class Elementwise
{
    public static void Infer(InferenceContext c) => c.Set(0, c.TypeOf(0), c.ShapeOf(0));

    public static void InferBool(InferenceContext c) => c.Set(0, ElementType.Bool, c.ShapeOf(0));

    /// <summary>The activations of <c>servingstack.q</c> keep the type that the pass gave their output.</summary>
    public static void InferFused(InferenceContext c) => c.Set(0, c.Node.Outputs[0].ElementType, c.ShapeOf(0));

    /// <summary>The attribute <c>dtype</c> gives the type; left out, input 0 does.</summary>
    public static void InferTyped(InferenceContext c) => c.Set(0, AttributeType(c, "dtype", c.TypeOf(0)), c.ShapeOf(0));

    /// <summary>Identity passes on all that is known, data included.</summary>
    public static void InferIdentity(InferenceContext c) => c.Set(0, c.Input(0));

    /// <summary>Dropout's second output is the mask.</summary>
    public static void InferDropout(InferenceContext c)
    {
        Infer(c);
        c.Set(1, ElementType.Bool, c.ShapeOf(0));
    }

    public static ElementType AttributeType(InferenceContext c, string name, ElementType otherwise)
    {
        var number = c.Attributes.Int(name, (long)otherwise);
        return Enum.IsDefined((ElementType)number) ? (ElementType)number
            : throw c.Fail($"The attribute {name} is {number}, which is no element type.");
    }
}
