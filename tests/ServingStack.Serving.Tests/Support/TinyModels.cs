using ServingStack.Graphs;

namespace ServingStack.Tests.Support;

/// <summary>Models small enough to be worked out by hand.</summary>
internal static class TinyModels
{
    private static readonly Dimension Batch = Dimension.Named("batch");

    /// <summary><c>y = x * W + b</c>, x [batch, 4], y [batch, 3].</summary>
    public static Graph Gemm(string input = "x", float scale = 1)
    {
        var graph = new Graph("gemm");
        var weights = Enumerable.Range(0, 12).Select(i => scale * ((i * 7 % 11) - 5) / 3f).ToArray();
        var x = graph.AddInput(input, ElementType.Float32, new Shape(Batch, 4));
        var y = graph.Add(
            "Gemm", x, graph.AddConstant(Tensor.From<float>(weights, 4, 3), "w"), graph.AddConstant(Tensor.From([0.5f, -1f, 2f], 3), "b"));
        return Output(graph, y, "y", ElementType.Float32, new Shape(Batch, 3));
    }

    /// <summary><c>sum = a + b</c> and <c>difference = a - b</c>, all [batch, 2].</summary>
    public static Graph SumAndDifference()
    {
        var graph = new Graph("sums");
        var a = graph.AddInput("a", ElementType.Float32, new Shape(Batch, 2));
        var b = graph.AddInput("b", ElementType.Float32, new Shape(Batch, 2));
        Output(graph, graph.Add("Add", a, b), "sum", ElementType.Float32, new Shape(Batch, 2));
        return Output(graph, graph.Add("Sub", a, b), "difference", ElementType.Float32, new Shape(Batch, 2));
    }

    /// <summary><c>y = x</c>, both [batch, width] of any element type.</summary>
    public static Graph Identity(ElementType type, int width = 2)
    {
        var graph = new Graph("identity");
        var x = graph.AddInput("x", type, new Shape(Batch, width));
        return Output(graph, graph.Add("Identity", x), "y", type, new Shape(Batch, width));
    }

    /// <summary>A row of a table of 4 for each index, x [batch], y [batch, 2].</summary>
    public static Graph Gather()
    {
        var graph = new Graph("gather");
        var x = graph.AddInput("x", ElementType.Int64, new Shape(Batch));
        var table = graph.AddConstant(Tensor.From([0f, 1f, 10f, 11f, 20f, 21f, 30f, 31f], 4, 2), "table");
        return Output(graph, graph.Add("Gather", table, x), "y", ElementType.Float32, new Shape(Batch, 2));
    }

    /// <summary>A softmax over the batch: what a row gives depends on its neighbours.</summary>
    public static Graph MixesRows()
    {
        var graph = new Graph("mixes");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Batch, 2));
        var y = graph.Add("Softmax", new AttributeMap { ["axis"] = 0L }, x);
        return Output(graph, y, "y", ElementType.Float32, new Shape(Batch, 2));
    }

    /// <summary><c>y = max(x, 0)</c>, both [3]: no batch extent.</summary>
    public static Graph Unbatched()
    {
        var graph = new Graph("unbatched");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(3));
        return Output(graph, graph.Add("Relu", x), "y", ElementType.Float32, new Shape(3));
    }

    /// <summary><c>y = max(x, 0)</c>, both [batch, length]: an open extent beside the batch.</summary>
    public static Graph OpenLength()
    {
        var graph = new Graph("open");
        var shape = new Shape(Batch, Dimension.Named("length"));
        var x = graph.AddInput("x", ElementType.Float32, shape);
        return Output(graph, graph.Add("Relu", x), "y", ElementType.Float32, shape);
    }

    /// <summary>Two nodes that wait for each other.</summary>
    public static Graph Cyclic()
    {
        var graph = new Graph("cyclic");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(Batch, 2));
        var (a, b) = (new Value("a"), new Value("b"));
        graph.Add(new Node("Add", [x, b], [a], "first"));
        graph.Add(new Node("Relu", [a], [b], "second"));
        return Output(graph, b, "b", ElementType.Float32, new Shape(Batch, 2));
    }

    /// <summary>A model of an operator set that nobody has published.</summary>
    public static Graph FromTheFuture()
    {
        var graph = Gemm();
        graph.Opsets[""] = 999;
        return graph;
    }

    private static Graph Output(Graph graph, Value value, string name, ElementType type, Shape shape)
    {
        (value.Name, value.ElementType, value.Shape) = (name, type, shape);
        graph.Outputs.Add(value);
        return graph;
    }
}
