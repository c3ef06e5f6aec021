using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: a scalar, or the target's shape when nothing is reduced.</summary>
internal static class Losses
{
    public static void Infer(InferenceContext c)
    {
        c.Set(0, c.TypeOf(0), c.Attributes.String("reduction", "mean") == "none" ? c.ShapeOf(1) : Shape.Scalar);
        c.Set(1, c.TypeOf(0), c.ShapeOf(0));
    }
}
