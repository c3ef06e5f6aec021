using ServingStack.Graphs;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training.Modules;

/// <summary>
/// A decomposed convolution (1x1, kxk, 1x1 in a row, only the last with a bias) trained as one: its kernel is the product of the three, which
/// costs next to nothing, and the gradients are the same. Convolutions of a few odd channels take longer than one of many.
/// </summary>
internal sealed record ComposedConvolution(Node First, Node Core, Node Last)
{
    /// <summary>The chain that ends in a node, where all in between has one reader; null where there is none.</summary>
    public static ComposedConvolution? EndingAt(Node last, Value result) =>
        IsPointwise(last) && Before(last, result) is { } core && core.Attributes.Int("group", 1) == 1 && core.Input(2) is null
        && Before(core, result) is { } first && IsPointwise(first) && first.Input(2) is null && !IsPointwise(core)
            ? new(first, core, last) : null;

    /// <summary>The call that computes all three at once.</summary>
    public OperatorCall Compose(IReadOnlyDictionary<Value, Tensor> values, bool training)
    {
        var (inward, kernel, outward) = (values[First.Inputs[1]!], values[Core.Inputs[1]!], values[Last.Inputs[1]!]);
        var narrow = outward.flatten(1).matmul(kernel.flatten(1)).reshape([outward.shape[0], .. kernel.shape[1..]]);
        var whole = einsum("tqhw,qs->tshw", narrow, inward.flatten(1));
        return new(Core, [values[First.Inputs[0]!], whole, Last.Input(2) is { } bias ? values[bias] : null], training);
    }

    private static Node? Before(Node node, Value result) =>
        node.Inputs[0] is { Consumers.Count: 1, Producer: { OpType: "Conv", Domain: "" } before } x && x != result ? before : null;

    private static bool IsPointwise(Node node) => node is { OpType: "Conv", Domain: "" } && node.Attributes.Int("group", 1) == 1
        && node.Input(1)?.Constant is { Rank: 4 } weights && weights.Dimensions[2] == 1 && weights.Dimensions[3] == 1
        && (node.Attributes.Ints("strides") ?? []).All(s => s == 1) && (node.Attributes.Ints("pads") ?? []).All(p => p == 0);
}
