namespace ServingStack.Graphs.Passes;

/// <summary>Puts a function's body in place of a call of it. For bodies without attributes of the call's and without subgraphs.</summary>
internal static class FunctionInliner
{
    public static void Inline(Graph graph, Node call, Graph body)
    {
        var values = new Dictionary<Value, Value>();
        for (var i = 0; i < body.Inputs.Count; i++) values[body.Inputs[i]] = call.Inputs[i]!;
        foreach (var node in body.Nodes)
        {
            var copy = new Node(node.OpType, node.Inputs.Select(i => i is null ? null : ValueOf(i)),
                node.Outputs.Select(o => values[o] = new Value(graph.FreshName(call.Outputs[0].Name))), graph.FreshName(call.Name), node.Domain)
            {
                Attributes = GraphEdits.CopyAttributes(node),
            };
            graph.InsertBefore(call, copy);
        }
        for (var i = 0; i < call.Outputs.Count; i++)
        {
            var (own, made) = (call.Outputs[i], values[body.Outputs[i]]);
            if (graph.IsOutput(own)) made.Producer!.SetOutput(made.Producer.Outputs.ToList().IndexOf(made), own);
            else graph.ReplaceUses(own, made);
        }
        graph.Remove(call);

        Value ValueOf(Value value) => values.TryGetValue(value, out var known) ? known
            : values[value] = graph.AddConstant(value.Constant!, graph.FreshName("constant"));
    }
}
