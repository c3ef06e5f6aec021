using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker.Forms;

/// <summary>How an operator's weights become kernels, and a decomposition becomes operators.</summary>
internal interface ILayerForm
{
    /// <summary>Why a node cannot be decomposed; null where it can.</summary>
    string? Refusal(Node node);

    /// <summary>The weights, a kernel for each group.</summary>
    KernelTensor[] Read(Node node);

    /// <summary>The numbers of rows that the weights meet at batch 1: those read, and those written.</summary>
    (long Inputs, long Outputs) Positions(Node node, long[] inputShape, long[] outputShape);

    /// <summary>Puts a chain of plain operators in the node's place; a decomposition for each group.</summary>
    void Write(Graph graph, Node node, IReadOnlyList<TuckerDecomposition> parts);
}
