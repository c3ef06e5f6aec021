using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Operators;

namespace ServingStack.Graphs.Inference;

/// <summary>
/// Walks a graph in order and applies each operator's rule. Functions are followed into their bodies, branches into theirs.
/// </summary>
internal sealed class InferenceEngine(Graph graph, InferredGraph facts, FoldLimit limit, InferenceEngine? caller = null,
    AttributeMap? arguments = null)
{
    /// <summary>Function calls nest at most this deep; a function that calls itself is refused.</summary>
    private const int MaxCallDepth = 32;

    private readonly InferenceEngine? _caller = caller;
    private readonly int _depth = caller is null ? 0 : caller._depth + 1;

    public InferredGraph Facts => facts;

    public Graph Graph => graph;

    public void Run() => Run(graph);

    /// <summary>Infers a graph or subgraph whose inputs have been given their facts.</summary>
    public void Run(Graph part)
    {
        foreach (var node in part.Nodes) Infer(node);
    }

    public GraphLoadException Fail(Node node, string problem, Exception? cause = null) =>
        new(graph.Source, problem, "Check the model with onnx.checker, or the shapes of its inputs.",
            node.Name.Length > 0 ? node.Name : node.Outputs[0].Name, node.OpType, graph.Opsets.GetValueOrDefault(node.Domain), cause);

    private void Infer(Node node)
    {
        var inputs = node.Inputs.Select(i => i is null ? null : facts.Of(i)).ToArray();
        var context = new InferenceContext(node, Resolve(node.Attributes), inputs, this);
        try
        {
            Apply(context);
        }
        catch (Exception e) when (LoadErrors.IsOfModel(e))
        {
            throw Fail(node, e.Message, e);
        }
        for (var i = 0; i < node.Outputs.Count; i++)
            facts.Set(node.Outputs[i], Refine(context.Outputs[i], facts.Declared(node.Outputs[i])));
    }

    private void Apply(InferenceContext context)
    {
        var node = context.Node;
        if (FunctionOf(node) is { } function) Call(function, context);
        else if (OperatorTable.Find(node.Domain, node.OpType) is { } row)
        {
            if (context.InputCount < row.MinInputs || Enumerable.Range(0, row.MinInputs).Any(i => !context.Has(i)))
                throw Fail(node, $"{node.OpType} needs {row.MinInputs} inputs.");
            row.Infer(context);
            row.Propagate?.Invoke(context);
            if (row.Fold is not null) Fold(row, context);
        }
    }

    private void Fold(OperatorRow row, InferenceContext context)
    {
        var output = context.Outputs[0];
        if (output.Data is not null || output.Shape is not { IsFixed: true } shape) return;
        var inputElements = 0L;
        for (var i = 0; i < context.InputCount; i++)
            if (context.Has(i))
            {
                if (context.DataOf(i) is not { } data) return;
                inputElements += data.ElementCount;
            }
        if (limit.Allows(shape.ElementCount, inputElements) && row.Fold!(context) is { } tensor)
            context.Set(0, output with { Data = tensor });
    }

    private GraphFunction? FunctionOf(Node node)
    {
        var root = this;
        while (root._caller is not null) root = root._caller;
        return root.Graph.Functions.Find(f => f.Domain == node.Domain && f.Name == node.OpType && f.Overload == node.Overload);
    }

    /// <summary>Each call gets facts of its own, because the body's values are shared by all calls.</summary>
    private void Call(GraphFunction function, InferenceContext context)
    {
        if (_depth >= MaxCallDepth) throw context.Fail($"The function {function.Domain}.{function.Name} calls itself.");
        var inner = new InferredGraph(new Dictionary<string, long>());
        for (var i = 0; i < function.Body.Inputs.Count; i++) inner.Set(function.Body.Inputs[i], context.Input(i));
        var given = new AttributeMap();
        foreach (var (name, value) in function.DefaultAttributes.Concat(context.Attributes)) given[name] = value;
        new InferenceEngine(function.Body, inner, limit, this, given).Run();
        for (var i = 0; i < context.OutputCount && i < function.Body.Outputs.Count; i++) context.Set(i, inner.Of(function.Body.Outputs[i]));
    }

    private AttributeMap Resolve(AttributeMap own)
    {
        if (arguments is null || !own.Any(a => a.Value is AttributeReference)) return own;
        var resolved = new AttributeMap();
        foreach (var (name, value) in own)
            if (value is not AttributeReference reference) resolved[name] = value;
            else if (arguments.Contains(reference.Name)) resolved[name] = arguments[reference.Name];
        return resolved;
    }

    /// <summary>What the rule found, completed by what the file declares; where both know an extent, the rule is right.</summary>
    private static ValueFacts Refine(ValueFacts found, ValueFacts declared)
    {
        var type = found.ElementType != ElementType.Undefined ? found.ElementType : declared.ElementType;
        var shape = found.Shape is null ? declared.Shape
            : declared.Shape is null || declared.Shape.Rank != found.Shape.Rank ? found.Shape
            : new Shape(found.Shape.Select((d, i) => d == Dimension.Unknown ? declared.Shape[i] : d));
        return found with { ElementType = type, Shape = shape, ContainerType = found.ContainerType ?? declared.ContainerType };
    }
}
