namespace ServingStack.Graphs.Onnx;

/// <summary>A node that is written by the rules of an older opset, and the usual ways to change it.</summary>
internal sealed record UpgradeSite(Graph Graph, Node Node, long Opset, LoadContext Context)
{
    public AttributeMap Attributes => Node.Attributes;

    /// <summary>Removes an attribute of integers and returns it.</summary>
    public long[]? TakeInts(string name)
    {
        var value = Attributes.Ints(name);
        Attributes.Remove(name);
        return value;
    }

    /// <summary>Removes an attribute and returns its number, or null when it is left out.</summary>
    public float? TakeFloat(string name)
    {
        float? value = Attributes.Contains(name) ? Attributes.Float(name, 0) : null;
        Attributes.Remove(name);
        return value;
    }

    /// <summary>Gives the node a constant input at <paramref name="index"/>; null leaves the input out.</summary>
    public void SetInput(int index, Tensor? tensor)
    {
        if (tensor is null && index >= Node.Inputs.Count) return;
        while (Node.Inputs.Count <= index) Node.AddInput(null);
        Node.SetInput(index, tensor is null ? null : Graph.AddConstant(tensor, Graph.FreshName($"{Node.OpType.ToLowerInvariant()}_input")));
    }

    public void SetInput(int index, long[]? values) => SetInput(index, values is null ? null : Tensor.From<long>(values, values.Length));

    /// <summary>Gives the node a scalar input of the element type of its first input, float32 where that is not known.</summary>
    public void SetScalar(int index, float? value) => SetInput(index, value is not { } v ? null : Node.Input(0)?.ElementType switch
    {
        ElementType.Float64 => Tensor.Scalar((double)v),
        ElementType.Float16 => Tensor.Scalar((Half)v),
        _ => Tensor.Scalar(v),
    });

    public GraphLoadException Fail(string reason) => new(Context.File,
        $"The node cannot be raised to opset {OnnxReader.CanonicalOpset}: {reason}.",
        $"Export the model for opset {OnnxReader.CanonicalOpset} or newer.", Node.Name.Length > 0 ? Node.Name
            : Node.Outputs[0].Name, Node.OpType, Opset, null);
}
