using ServingStack.Engine;
using ServingStack.Serving.Requests;

namespace ServingStack.Server.Rest;

/// <summary>How a model's tensors are told to clients.</summary>
internal static class TensorFormat
{
    public static TensorDocument Describe(TensorSpec spec) => new(spec.Name, Datatype.NameOf(spec.ElementType), Extents(spec));

    /// <summary>The extents, -1 for a variable one.</summary>
    public static long[] Extents(TensorSpec spec) => [.. spec.Shape.Select(d => d.IsFixed ? d.Value : -1)];
}
