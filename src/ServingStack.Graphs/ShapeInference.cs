using ServingStack.Graphs.Inference;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Graphs;

/// <summary>
/// Element types and shapes of all values, from those of the inputs by each operator's rule (<c>Operators/OperatorTable</c>). Symbolic
/// extents flow through, also through shape computations (Shape, Gather, Concat, Reshape). Operators without a rule keep what the file
/// declares.
/// </summary>
public static class ShapeInference
{
    /// <summary>Data of at most this many elements is computed while inferring: enough for shapes, not for weights.</summary>
    private static readonly FoldLimit ShapeData = new(1024, AsLargeAsInputs: false);

    private static readonly Dictionary<string, long> NoSymbols = [];

    /// <summary>Infers and stores the result in the graph's values.</summary>
    /// <exception cref="GraphLoadException">An operator is used against its rules.</exception>
    public static void Run(Graph graph)
    {
        var inferred = Infer(graph);
        Store(graph, inferred);
    }

    /// <summary>Infers without changing the graph.</summary>
    /// <exception cref="GraphLoadException">An operator is used against its rules.</exception>
    public static InferredGraph Infer(Graph graph) => Infer(graph, NoSymbols, ShapeData);

    /// <summary>
    /// Infers for inputs of the given extents without changing the graph. Inputs that are not named keep their declared shapes, in which
    /// symbols of named inputs are replaced by their numbers.
    /// </summary>
    /// <exception cref="GraphLoadException">The shapes contradict the declared ones, each other, or an operator's rule.</exception>
    public static InferredGraph WithInputShapes(Graph graph, IReadOnlyDictionary<string, long[]> shapes) =>
        Infer(graph, BindSymbols(graph, shapes), ShapeData, shapes);

    internal static InferredGraph Infer(Graph graph, IReadOnlyDictionary<string, long> symbols, FoldLimit limit,
        IReadOnlyDictionary<string, long[]>? shapes = null)
    {
        var facts = new InferredGraph(symbols);
        foreach (var input in graph.Inputs)
            if (shapes is not null && shapes.TryGetValue(input.Name, out var extents))
                facts.Set(input, facts.Declared(input) with { Shape = Shape.Of(extents) });
        new InferenceEngine(graph, facts, limit).Run();
        return facts;
    }

    private static Dictionary<string, long> BindSymbols(Graph graph, IReadOnlyDictionary<string, long[]> shapes)
    {
        var symbols = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var input in graph.Inputs)
            if (shapes.TryGetValue(input.Name, out var extents) && input.Shape is { } declared)
                Bind(graph, input, declared, extents, symbols);
        return symbols;
    }

    private static void Bind(Graph graph, Value input, Shape declared, long[] extents, Dictionary<string, long> symbols)
    {
        var fits = declared.Rank == extents.Length;
        for (var i = 0; fits && i < extents.Length; i++)
        {
            if (declared[i].Symbol is { } symbol && !symbols.TryAdd(symbol, extents[i])) fits = symbols[symbol] == extents[i];
            if (declared[i].IsFixed) fits = declared[i].Value == extents[i];
        }
        if (!fits)
            throw new GraphLoadException(graph.Source,
                $"Input '{input.Name}' is declared {declared} but was given [{string.Join(", ", extents)}].",
                "Send the declared extents; equal symbols mean equal extents.");
    }

    private static void Store(Graph graph, InferredGraph inferred)
    {
        foreach (var node in graph.Nodes)
        {
            foreach (var output in node.Outputs)
            {
                var facts = inferred.Of(output);
                (output.ElementType, output.Shape) = (facts.ElementType, facts.Shape);
            }
            foreach (var subgraph in node.Subgraphs)
            {
                foreach (var input in subgraph.Inputs)
                    (input.ElementType, input.Shape) = (inferred.Of(input).ElementType, inferred.Of(input).Shape);
                Store(subgraph, inferred);
            }
        }
    }
}
