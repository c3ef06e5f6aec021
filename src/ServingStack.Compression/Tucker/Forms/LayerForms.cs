using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Forms;

/// <summary>The operators that hold weights worth decomposing.</summary>
internal static class LayerForms
{
    private static readonly Dictionary<string, ILayerForm> Forms = new(StringComparer.Ordinal)
    {
        ["Conv"] = new ConvolutionForm(),
        ["Gemm"] = new MatrixForm(),
        ["MatMul"] = new MatrixForm(),
    };

    /// <summary>The operators by name, for messages.</summary>
    public static string Names => string.Join(", ", Forms.Keys);

    /// <summary>The form of a node's operator; null for one that is no layer.</summary>
    public static ILayerForm? Of(Node node) => node.Domain.Length == 0 ? Forms.GetValueOrDefault(node.OpType) : null;
}
