using ServingStack.Graphs;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training.Modules;

/// <summary>One application of an operator while training: the node, its inputs as tensors (null where left out), and the mode.</summary>
internal sealed record OperatorCall(Node Node, Tensor?[] Inputs, bool Training)
{
    public AttributeMap Attributes => Node.Attributes;

    public Tensor this[int index] => Optional(index) ?? throw new InvalidOperationException($"{Node} lacks its input {index}.");

    public Tensor? Optional(int index) => index < Inputs.Length ? Inputs[index] : null;

    /// <summary>The constant numbers of an integer input (shapes, axes).</summary>
    public long[] Int64s(int index) => Constant(index).ToInt64s();

    /// <summary>The constant number of a scalar input, or the default where it is left out.</summary>
    public float Scalar(int index, float otherwise) => Node.Input(index) is null ? otherwise : Constant(index).As<float>()[0];

    private Graphs.Tensor Constant(int index) =>
        Node.Input(index)?.Constant ?? throw new NotSupportedException($"{Node}: input {index} must be a constant to be trained through.");
}
