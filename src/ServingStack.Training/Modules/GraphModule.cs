using ServingStack.Graphs;
using ServingStack.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;
using GraphTensor = ServingStack.Graphs.Tensor;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training.Modules;

/// <summary>
/// A graph as a TorchSharp module: its weights are the parameters, its other float constants the buffers. Takes the graph's inputs in order
/// and returns one value of it, which need not be an output: a loss wants the logits before the last Softmax. Training changes the module's
/// copy; <see cref="WriteBack"/> puts the weights into the graph.
/// </summary>
public sealed class GraphModule : nn.Module<IReadOnlyList<Tensor>, Tensor>
{
    private readonly Graph _graph;
    private readonly Value _result;
    private readonly List<Step> _steps = [];
    private readonly Dictionary<Value, Tensor> _constants = [];

    /// <summary>A node, its arithmetic, and the values that nobody reads after it.</summary>
    private sealed record Step(Node Node, OperatorTable.Row Row, List<Value> LastRead)
    {
        /// <summary>The chain of which the node is the last, computed as one; the others are no steps.</summary>
        public ComposedConvolution? Chain { get; init; }

        public IEnumerable<Value?> Reads => Chain is null ? Node.Inputs : [Chain.First.Inputs[0], .. Node.Inputs];
    }

    // TorchSharp's own module type calls libtorch when it is constructed.
    static GraphModule() => TorchRuntime.EnsureLoaded();

    /// <exception cref="NotSupportedException">The graph holds an operator that cannot be trained through; the message names
    /// it.</exception>
    public GraphModule(Graph graph, Value result)
        : base(graph.Name)
    {
        (_graph, _result) = (graph, result);
        var needed = NodesBefore(result);
        foreach (var node in graph.Nodes.Where(needed.Contains))
        {
            var row = OperatorTable.RowFor(node);
            _steps.Add(new(node, row, []) { Chain = ComposedConvolution.EndingAt(node, result) });
            for (var i = 0; i < node.Inputs.Count; i++)
                if (node.Inputs[i] is { Constant: not null } value && !_constants.ContainsKey(value))
                    _constants.Add(value, Register(value, row.Parameters.Contains(i)));
        }
        var composed = _steps.Where(s => s.Chain is not null).SelectMany(s => (Node[])[s.Chain!.First, s.Chain.Core]).ToHashSet();
        _steps.RemoveAll(s => composed.Contains(s.Node));
        NoteLastReads();
    }

    public override Tensor forward(IReadOnlyList<Tensor> input)
    {
        using var scope = NewDisposeScope();
        var values = new Dictionary<Value, Tensor>(_constants);
        for (var i = 0; i < _graph.Inputs.Count; i++) values[_graph.Inputs[i]] = input[i];
        foreach (var step in _steps)
        {
            values[step.Node.Outputs[0]] = step.Row.Apply(CallOf(step, values));
            // Autograd holds what it needs by itself; without it, this keeps a deep network's memory at that of its widest place.
            foreach (var value in step.LastRead) values[value].Dispose();
        }
        return values[_result].MoveToOuterDisposeScope();
    }

    /// <summary>Copies the trained parameters and statistics into the graph's constants.</summary>
    public void WriteBack()
    {
        foreach (var (value, tensor) in _constants)
            if (value.ElementType == ElementType.Float32)
                value.Constant = GraphTensor.From<float>(tensor.data<float>().ToArray(), value.Constant!.Dimensions);
    }

    private OperatorCall CallOf(Step step, Dictionary<Value, Tensor> values) => step.Chain is { } chain
        ? chain.Compose(values, training)
        : new(step.Node, step.Node.Inputs.Select(value => value is null ? null : values[value]).ToArray(), training);

    private void NoteLastReads()
    {
        foreach (var value in _steps.SelectMany(s => s.Node.Outputs))
            if (value != _result && _steps.LastOrDefault(s => s.Reads.Contains(value)) is { } last) last.LastRead.Add(value);
    }

    private Tensor Register(Value value, bool trainable)
    {
        var constant = value.Constant!;
        // A dot separates modules in TorchSharp's names.
        var name = value.Name.Replace('.', '/');
        if (constant.ElementType == ElementType.Float32 && trainable)
        {
            var parameter = new Parameter(tensor(constant.As<float>().ToArray(), constant.Dimensions));
            register_parameter(name, parameter);
            return parameter;
        }
        var buffer = constant.ElementType == ElementType.Float32
            ? tensor(constant.As<float>().ToArray(), constant.Dimensions)
            : tensor(constant.ToInt64s(), constant.Dimensions);
        register_buffer(name, buffer);
        return buffer;
    }

    private static HashSet<Node> NodesBefore(Value result)
    {
        HashSet<Node> found = [];
        var open = new Stack<Value>([result]);
        while (open.TryPop(out var value))
            if (value.Producer is { } node && found.Add(node))
                foreach (var input in node.Inputs)
                    if (input is not null) open.Push(input);
        return found;
    }
}
