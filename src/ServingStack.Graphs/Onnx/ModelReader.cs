using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Turns a parsed model into a <see cref="Graph"/>: operator sets, functions, metadata, and the main graph.</summary>
internal sealed class ModelReader(LoadContext context, ModelProto model)
{
    public Graph Read()
    {
        if (model.Graph is null)
            throw context.Fail("The file holds no graph.", "Export or copy the file again.");
        var graph = new Graph(model.Graph.Name) { Source = context.File };
        ReadOpsets(model.OpsetImport, graph);
        foreach (var entry in model.MetadataProps) graph.Metadata[entry.Key] = entry.Value;
        new GraphReader(context, graph, null).Read(model.Graph);
        if (graph.Outputs.Count == 0)
            throw context.Fail("The graph has no outputs.", "Export the model with at least one output.");
        foreach (var function in model.Functions) graph.Functions.Add(ReadFunction(function, graph));
        OpsetUpgrade.Apply(graph, context);
        return graph;
    }

    private void ReadOpsets(IEnumerable<OperatorSetIdProto> imports, Graph graph)
    {
        graph.Opsets.Remove("");
        foreach (var import in imports) graph.Opsets[DomainOf(import.Domain)] = import.Version;
        if (!graph.Opsets.TryGetValue("", out var opset))
        {
            context.Opset = null;
            return;
        }
        context.Opset = opset;
        var range = $"{OnnxReader.OldestOpset} to {OnnxReader.NewestOpset} are read";
        if (opset < OnnxReader.OldestOpset)
            throw context.Fail($"Opset {opset} of the standard operators is too old; {range}.",
                $"Convert the model with onnx.version_converter to opset {OnnxReader.CanonicalOpset}.");
        if (opset > OnnxReader.NewestOpset)
            throw context.Fail($"Opset {opset} of the standard operators is unknown; {range}.",
                $"Export the model for opset {OnnxReader.NewestOpset} or older.");
    }

    private GraphFunction ReadFunction(FunctionProto function, Graph main)
    {
        var body = new Graph(function.Name) { Source = main.Source };
        ReadOpsets(function.OpsetImport.Count > 0 ? function.OpsetImport : model.OpsetImport, body);
        new GraphReader(context, body, null).ReadFunctionBody(function);
        var defaults = new AttributeMap();
        foreach (var attribute in function.AttributeProto)
            defaults[attribute.Name] = new AttributeReader(context, _ => throw NoGraphs(function)).Read(attribute);
        return new GraphFunction(DomainOf(function.Domain), function.Name, body)
        {
            Attributes = [.. function.Attribute],
            DefaultAttributes = defaults,
            Overload = function.Overload,
        };
    }

    private GraphLoadException NoGraphs(FunctionProto function) =>
        context.Fail($"Function '{function.Name}' has a graph as an attribute's default.", "Pass the graph at each call.");

    private static string DomainOf(string domain) => domain is "ai.onnx" ? "" : domain;
}
