using ServingStack.Graphs.Inference;

namespace ServingStack.Graphs.Operators;

/// <summary>ONNX If, Loop and Scan: the rules of their bodies' operators, and what can be said of the results.</summary>
internal static class Subgraphs
{
    public static void InferIf(InferenceContext c)
    {
        var (then, otherwise) = (Branch(c, "then_branch"), Branch(c, "else_branch"));
        c.Engine.Run(then);
        c.Engine.Run(otherwise);
        if (then.Outputs.Count < c.OutputCount || otherwise.Outputs.Count < c.OutputCount)
            throw c.Fail("A branch has fewer outputs than the node.");
        var taken = c.DataOf(0) is { ElementType: ElementType.Bool, ElementCount: 1 } condition ? condition.As<byte>()[0] != 0 ? then
            : otherwise : null;
        for (var i = 0; i < c.OutputCount; i++)
            c.Set(i, taken is not null ? c.Engine.Facts.Of(taken.Outputs[i])
                : Either(c.Engine.Facts.Of(then.Outputs[i]), c.Engine.Facts.Of(otherwise.Outputs[i])));
    }

    /// <summary>Inputs are the trip count, the condition, and the carried values, whose shapes may change from turn to turn.</summary>
    public static void InferLoop(InferenceContext c)
    {
        var body = Branch(c, "body");
        var carried = c.InputCount - 2;
        if (body.Inputs.Count != carried + 2 || body.Outputs.Count < carried + 1)
            throw c.Fail($"The body takes {body.Inputs.Count} inputs for {carried} carried values.");
        c.Engine.Facts.Set(body.Inputs[0], new ValueFacts(ElementType.Int64, Shape.Scalar));
        c.Engine.Facts.Set(body.Inputs[1], new ValueFacts(ElementType.Bool, Shape.Scalar));
        for (var i = 0; i < carried; i++)
            c.Engine.Facts.Set(body.Inputs[i + 2], new ValueFacts(c.TypeOf(i + 2), null) { ContainerType = c.Input(i + 2).ContainerType });
        c.Engine.Run(body);
        for (var i = 0; i < c.OutputCount; i++)
        {
            var result = c.Engine.Facts.Of(body.Outputs[i + 1]);
            c.Set(i, i < carried ? new ValueFacts(c.TypeOf(i + 2), null) { ContainerType = c.Input(i + 2).ContainerType }
                : Stacked(result, 0, Dimension.Unknown));
        }
    }

    /// <summary>The first inputs are states, whose shapes stay; the last <c>num_scan_inputs</c> are walked along an axis.</summary>
    public static void InferScan(InferenceContext c)
    {
        var body = Branch(c, "body");
        var states = c.InputCount - (int)c.Attributes.Int("num_scan_inputs", 0);
        if (body.Inputs.Count != c.InputCount || states < 0) throw c.Fail($"The body takes {body.Inputs.Count} inputs for {c.InputCount}.");
        var length = Dimension.Unknown;
        for (var i = 0; i < c.InputCount; i++)
        {
            var facts = c.Input(i) with { Data = null, Integers = null };
            if (i >= states && facts.Shape is { } x)
            {
                var axis = c.Axis(c.Attributes.Ints("scan_input_axes") is { } axes ? axes[i - states] : 0, x.Rank);
                DimensionAlgebra.TryUnify(length, x[axis], out length);
                facts = facts with { Shape = new Shape(x.Where((_, j) => j != axis)) };
            }
            c.Engine.Facts.Set(body.Inputs[i], facts);
        }
        c.Engine.Run(body);
        for (var i = 0; i < c.OutputCount; i++)
            c.Set(i, i < states ? new ValueFacts(c.TypeOf(i), c.ShapeOf(i))
                : Stacked(c.Engine.Facts.Of(body.Outputs[i]), c.Attributes.Ints("scan_output_axes") is { } axes ? axes[i - states]
                    : 0, length));
    }

    private static Graph Branch(InferenceContext c, string name) => c.Attributes.Contains(name) && c.Attributes[name] is Graph graph
        ? graph
        : throw c.Fail($"The attribute {name} is missing.");

    private static ValueFacts Either(ValueFacts a, ValueFacts b) =>
        new(a.ElementType == b.ElementType ? a.ElementType : ElementType.Undefined,
            DimensionAlgebra.Common(a.Shape, b.Shape))
        { ContainerType = a.ContainerType };

    private static ValueFacts Stacked(ValueFacts element, long axis, Dimension length)
    {
        if (element.Shape is not { } shape) return new ValueFacts(element.ElementType, null);
        var at = (int)(axis < 0 ? axis + shape.Rank + 1 : axis);
        return new ValueFacts(element.ElementType, new Shape([.. shape.Take(at), length, .. shape.Skip(at)]));
    }
}
