using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Tests.Support;

namespace ServingStack.Graphs.Tests.Operators;

public class ShapeInferenceTests
{
    [Fact]
    public void Run_SymbolicBatch_FlowsThroughAShapeComputation()
    {
        var b = new GraphBuilder();
        var x = b.Op("GlobalAveragePool", b.Op("Conv", b.Input("x", "N", 3, 8, 8), b.Weights(6, 3, 3, 3)));
        var rows = b.Op("Unsqueeze", b.Op("Gather", b.Op("Shape", x), b.Graph.AddConstant(Tensor.Scalar(0L))), b.Integers(0));
        var y = b.Op("Reshape", x, b.Op("Concat", new AttributeMap { ["axis"] = 0L }, rows, b.Integers(-1)));
        ShapeInference.Run(b.Output(y));
        Assert.Equal("%y: Float32[N, 6]", y.ToString());
    }

    [Fact]
    public void Run_ReshapeThatCancelsTheBatch_KnowsTheRest() =>
        Assert.Equal("[N, 64]", ShapeOf(b => b.Op("Reshape", b.Input("x", "N", 4, 4, 4), b.Integers(0, -1))));

    [Fact]
    public void Run_ReshapeThatMovesTheBatch_KeepsItsSymbol() =>
        Assert.Equal("[N, 8, 8]", ShapeOf(b => b.Op("Reshape", b.Input("x", "N", 64), b.Integers(-1, 8, 8))));

    [Fact]
    public void Run_ReshapeThatMixesTheBatch_IsUnknownThere() =>
        Assert.Equal("[?, 4]", ShapeOf(b => b.Op("Reshape", b.Input("x", "N", 64), b.Integers(-1, 4))));

    [Fact]
    public void Run_FlattenOfTheBatchAlone_KeepsItsSymbol() =>
        Assert.Equal("[N, 12]", ShapeOf(b => b.Op("Flatten", b.Input("x", "N", 3, 4))));

    [Fact]
    public void Run_ShapeArithmetic_FindsTheSlice() => Assert.Equal("[N, 3]", ShapeOf(b =>
    {
        var x = b.Input("x", "N", 6);
        var half = b.Op("Div", b.Op("Gather", b.Op("Shape", x), b.Graph.AddConstant(Tensor.Scalar(1L))),
            b.Graph.AddConstant(Tensor.Scalar(2L)));
        return b.Op("Slice", x, b.Integers(0), b.Op("Unsqueeze", half, b.Integers(0)), b.Integers(1));
    }));

    [Fact]
    public void Run_ExpandGuardedByWhere_TakesTheSymbol() => Assert.Equal("[N, 5]", ShapeOf(b =>
    {
        var shape = b.Op("Concat", new AttributeMap { ["axis"] = 0L },
            b.Op("Gather", b.Op("Shape", b.Input("x", "N", 4)), b.Integers(0)), b.Integers(5));
        var guarded = b.Op("Where", b.Op("Equal", shape, b.Integers(-1, -1)), b.Integers(1, 1), shape);
        return b.Op("Expand", b.Weights(1, 1), guarded);
    }));

    [Theory]
    [InlineData("NOTSET", 0, 0, "[N, 8, 4, 4]")]
    [InlineData("NOTSET", 1, 0, "[N, 8, 5, 5]")]
    [InlineData("SAME_UPPER", 0, 0, "[N, 8, 5, 5]")]
    [InlineData("VALID", 0, 0, "[N, 8, 4, 4]")]
    public void Run_MaxPool_PadsAndRoundsAsAsked(string auto, int pad, int ceiling, string expected) =>
        Assert.Equal(expected, ShapeOf(b => b.Op("MaxPool",
        new AttributeMap
        {
            ["auto_pad"] = auto,
            ["kernel_shape"] = new long[] { 2, 2 },
            ["strides"] = new long[] { 2, 2 },
            ["pads"] = new long[] { pad, pad, pad, pad },
            ["ceil_mode"] = ceiling,
        },
        b.Input("x", "N", 8, 9, 9))));

    [Fact]
    public void Run_BroadcastOfSymbols_KeepsWhatIsCertain() =>
        Assert.Equal("[?, N, 4]", ShapeOf(b => b.Op("Add", b.Op("Add", b.Input("x", "A", "N", 1), b.Input("z", "B", 1, 4)),
            b.Weights(1, 1, 1))));

    [Fact]
    public void Run_If_AgreesOnWhatBothBranchesSay()
    {
        var b = new GraphBuilder();
        var x = b.Input("x", "N", 4);
        var condition = b.Op("Less", b.Op("ReduceMax", new AttributeMap { ["keepdims"] = 0L }, x), b.Float(0));
        var y = b.Op("If", new AttributeMap { ["then_branch"] = Branch(b, x, "Relu"), ["else_branch"] = Branch(b, x, "Transpose") },
            condition);
        ShapeInference.Run(b.Output(y));
        Assert.Equal("%y: Float32[?, ?]", y.ToString());
    }

    [Fact]
    public void WithInputShapes_GivenBatch_IsConcreteAndLeavesTheGraphAlone()
    {
        var b = new GraphBuilder();
        var y = b.Op("Flatten", b.Op("Conv", b.Input("x", "N", 3, 8, 8), b.Weights(6, 3, 3, 3)));
        var graph = b.Output(y);
        ShapeInference.Run(graph);
        var inferred = ShapeInference.WithInputShapes(graph, new Dictionary<string, long[]> { ["x"] = [5, 3, 8, 8] });
        Assert.Equal("[5, 216]", inferred.ShapeOf(y)!.ToString());
        Assert.Equal("[N, 216]", y.Shape!.ToString());
    }

    [Fact]
    public void WithInputShapes_SymbolOfTwoInputs_MustAgree()
    {
        var b = new GraphBuilder();
        var graph = b.Output(b.Op("Add", b.Input("x", "N", 3), b.Input("z", "N", 3)));
        var error = Assert.Throws<GraphLoadException>(
            () => ShapeInference.WithInputShapes(graph, new Dictionary<string, long[]> { ["x"] = [5, 3], ["z"] = [6, 3] }));
        Assert.Contains("'z' is declared [N, 3] but was given [6, 3]", error.Message);
    }

    [Fact]
    public void Run_UnknownOperator_KeepsWhatTheFileDeclares()
    {
        var graph = new Graph();
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2));
        var y = new Value("y") { ElementType = ElementType.Int64, Shape = Shape.Of(7) };
        graph.Add(new Node("Mystery", [x], [y], "m", "com.example"));
        graph.Outputs.Add(y);
        ShapeInference.Run(graph);
        Assert.Equal("%y: Int64[7]", y.ToString());
    }

    [Theory]
    [InlineData("Conv", "channels")]
    [InlineData("MatMul", "inner extents")]
    [InlineData("Add", "do not broadcast")]
    public void Run_ShapesThatDoNotFit_NameTheNodeAndTheShapes(string opType, string reason)
    {
        var b = new GraphBuilder();
        var graph = b.Output(b.Op(opType, b.Input("x", "N", 5, 4, 4), opType == "Add" ? b.Weights(3, 1, 1) : b.Weights(6, 3, 3, 3)));
        var error = Assert.Throws<GraphLoadException>(() => ShapeInference.Run(graph));
        Assert.Equal(opType, error.Operator);
        Assert.Contains(reason, error.Message);
        Assert.Contains("[N, 5, 4, 4]", error.Message);
    }

    private static Graph Branch(GraphBuilder b, Value captured, string opType)
    {
        var branch = b.Graph.NewSubgraph(opType);
        branch.Outputs.Add(branch.Add(opType, captured));
        return branch;
    }

    private static string ShapeOf(Func<GraphBuilder, Value> build)
    {
        var b = new GraphBuilder();
        var y = build(b);
        ShapeInference.Run(b.Output(y));
        return y.Shape!.ToString();
    }
}
