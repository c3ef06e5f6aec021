using ServingStack.Graphs;

namespace ServingStack.Engine.Lowering;

/// <summary>A node with what is known of its inputs and outputs once all input shapes are numbers.</summary>
internal sealed record PlanNode(Node Source, IReadOnlyList<PlanValue?> Inputs, IReadOnlyList<PlanValue> Outputs)
{
    public string Name => Source.Name.Length > 0 ? Source.Name : Source.Outputs[0].Name;

    public string OpType => Source.OpType;

    public string Domain => Source.Domain;

    public AttributeMap Attributes => Source.Attributes;

    /// <summary>The input that every operator of its kind has.</summary>
    public PlanValue X => Inputs[0]!;

    public PlanValue Y => Outputs[0];

    /// <summary>The input at <paramref name="index"/>, or null when it is left out.</summary>
    public PlanValue? Input(int index) => index < Inputs.Count ? Inputs[index] : null;

    /// <summary>Whether an optional output is asked for.</summary>
    public bool Asks(int output) => output < Outputs.Count && Outputs[output].Name.Length > 0;

    /// <summary>For example <c>[1, 3, 8, 8], [16, 3, 3, 3] -> [1, 16, 8, 8]</c>.</summary>
    public string DescribeShapes() =>
        $"{string.Join(", ", Inputs.Select(v => v is null ? "-" : Shape.Of(v.Shape).ToString()))} -> " +
        string.Join(", ", Outputs.Where(v => v.Name.Length > 0).Select(v => Shape.Of(v.Shape).ToString()));

    public override string ToString() => Source.ToString();
}
