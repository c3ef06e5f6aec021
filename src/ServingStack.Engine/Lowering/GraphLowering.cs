using ServingStack.Graphs;
using ServingStack.Graphs.Inference;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Lowering;

/// <summary>Turns a graph whose shapes are all numbers into steps: each node by its row of the table, else on ONNX Runtime.</summary>
internal sealed class GraphLowering
{
    private readonly Graph _graph;
    private readonly InferredGraph _facts;
    private readonly LoweringContext _context;
    private readonly Dictionary<Value, PlanValue> _values = [];
    private readonly IndexTracer _indices = new();

    private GraphLowering(Graph graph, InferredGraph facts, LoweringContext context) =>
        (_graph, _facts, _context) = (graph, facts, context);

    /// <exception cref="LoweringException">A node can run neither on our kernels nor on ONNX Runtime by itself.</exception>
    public static LoweredGraph Lower(Graph graph, InferredGraph facts, WeightCache weights, InstructionSet instructionSet)
    {
        var context = new LoweringContext(weights, instructionSet);
        try
        {
            return new GraphLowering(graph, facts, context).Lower();
        }
        catch
        {
            foreach (var constant in context.OwnConstants) constant.Dispose();
            throw;
        }
    }

    private LoweredGraph Lower()
    {
        var inputs = _graph.Inputs.Select(ValueOf)
            .Select(v => new LoweredTensor(SpecOf(v), _context.Place(v, Layout.Plain, Operand.InArena(v.ByteLength)))).ToArray();
        for (var i = 0; i < inputs.Length; i++) _indices.Start(ValueOf(_graph.Inputs[i]), i);
        var nodes = _graph.Nodes.Select(PlanNodeOf).ToArray();
        var blocks = TuckerBlocks.Find(_graph, nodes, _context.InstructionSet);
        foreach (var node in nodes)
            if (!blocks.TryGetValue(node.Source, out var block)) Lower(node);
            else if (block.Expand == node) TuckerBlocks.Lower(_context, block);
        var outputs = _graph.Outputs.Select(ValueOf).Select(v => new LoweredTensor(SpecOf(v), _context.Read(v, Layout.Plain))).ToArray();
        return new LoweredGraph(_context.Steps, inputs, outputs, _context.OwnConstants, _indices);
    }

    private void Lower(PlanNode node)
    {
        _indices.Visit(node);
        var outputs = node.Outputs.Where(v => v.Name.Length > 0).ToArray();
        if (Array.TrueForAll(outputs, v => v.IsConstant)) return;
        if (Array.TrueForAll(outputs, v => v.ByteLength == 0))
            foreach (var output in outputs) _context.Write(output, Layout.Plain);
        else if (LoweringTable.Lower(_context, node) is { } reason)
            Fallback.Lower(_context, _graph, node, reason);
    }

    private PlanNode PlanNodeOf(Node node) =>
        new(node, [.. node.Inputs.Select(v => v is null ? null : ValueOf(v))], [.. node.Outputs.Select(ValueOf)]);

    private PlanValue ValueOf(Value value)
    {
        if (!_values.TryGetValue(value, out var known)) _values.Add(value, known = new PlanValue(value, _facts.Of(value)));
        return known;
    }

    private static TensorSpec SpecOf(PlanValue value) => new(value.Name, value.ElementType, Shape.Of(value.Shape));
}
