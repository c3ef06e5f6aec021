using ServingStack.Engine.Lowering;
using ServingStack.Engine.OnnxRuntime;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine;

/// <summary>
/// Plans on our own kernels. Shapes for which a graph cannot become a plan of steps (a result's shape depends on data) run on ONNX Runtime
/// as a whole, which the plan's only step then says.
/// </summary>
internal sealed class KernelBackend : IBackend
{
    private readonly Graph _graph;
    private readonly InstructionSet _instructionSet;
    private readonly WeightCache _weights = new();
    private readonly Lazy<OnnxRuntimeBackend> _wholeModel;

    /// <param name="graph">After all passes; not changed from here on.</param>
    /// <param name="instructionSet">The highest level that kernels may use.</param>
    /// <param name="wholeModel">Makes the backend for shapes that lowering refuses.</param>
    public KernelBackend(Graph graph, InstructionSet instructionSet, Func<OnnxRuntimeBackend> wholeModel)
    {
        _graph = graph;
        _instructionSet = instructionSet;
        _wholeModel = new Lazy<OnnxRuntimeBackend>(wholeModel);
    }

    public Plan BuildPlan(IReadOnlyList<long[]> inputShapes, WorkerTeam? team)
    {
        try
        {
            return PlanBuilder.Build(Lower(inputShapes), team);
        }
        catch (LoweringException refusal)
        {
            return _wholeModel.Value.BuildPlan(inputShapes, refusal.Message);
        }
    }

    /// <summary>The steps for these input shapes.</summary>
    /// <exception cref="LoweringException">The graph cannot become steps.</exception>
    /// <exception cref="InputException">The shapes contradict each other or an operator's rule.</exception>
    public LoweredGraph Lower(IReadOnlyList<long[]> inputShapes)
    {
        var shapes = _graph.Inputs.Select((v, i) => (v.Name, Shape: inputShapes[i])).ToDictionary(p => p.Name, p => p.Shape);
        try
        {
            return GraphLowering.Lower(_graph, ShapeInference.WithInputShapes(_graph, shapes), _weights, _instructionSet);
        }
        catch (GraphLoadException e)
        {
            throw new InputException(e.Message);
        }
    }

    public void Dispose()
    {
        if (_wholeModel.IsValueCreated) _wholeModel.Value.Dispose();
        _weights.Dispose();
    }
}
