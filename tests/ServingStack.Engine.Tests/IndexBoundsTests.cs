using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;

namespace ServingStack.Engine.Tests;

public class IndexBoundsTests
{
    [Fact]
    public void CheckInput_IndexOutsideItsTable_NamesInputAndRange()
    {
        using var model = CompiledModel.Compile(SampleGraphs.Recommender(), new EngineOptions());

        Check(model, 0, -SampleGraphs.Rows, SampleGraphs.Rows - 1);
        var error = Assert.Throws<InputException>(() => Check(model, 1, 3, SampleGraphs.Rows));

        Assert.Contains("'item'", error.Message, StringComparison.Ordinal);
        Assert.Contains("37 at element 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("-37 to 36", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gather")]
    [InlineData("slice")]
    public void CheckInput_ColumnsOfOneInput_HaveTheRangeOfTheirOwnTable(string way)
    {
        using var model = CompiledModel.Compile(TwoTables(way), new EngineOptions());

        Check(model, 0, 4, 9, -5, -10);
        Assert.Throws<InputException>(() => Check(model, 0, 5, 9, 0, 0));
        Assert.Throws<InputException>(() => Check(model, 0, 0, 0, 4, 10));
        Assert.Throws<InputException>(() => Check(model, 0, 0, 0, -6, 0));
    }

    [Fact]
    public void Run_IndexThatWasNotChecked_IsRefusedAndReadsNothingOutsideTheTable()
    {
        using var model = CompiledModel.Compile(SampleGraphs.Recommender(), new EngineOptions());
        using var session = model.CreateSession();
        var plan = session.PlanForBatch(1);
        BitConverter.TryWriteBytes(plan.Input(0), long.MaxValue);

        Assert.Throws<InputException>(plan.Run);
        plan.Input(0).Clear();
        plan.Run();
    }

    private static void Check(CompiledModel model, int input, params long[] values) =>
        model.CheckInput(input, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));

    private static Graph TwoTables(string way)
    {
        var graph = new Graph("columns");
        var ids = graph.AddInput("ids", ElementType.Int64, new Shape(Dimension.Named("batch"), 2));
        var random = new Random(1);
        var sum = graph.Add("Add", Lookup(0, 5), Lookup(1, 10));
        graph.Outputs.Add(sum);
        ShapeInference.Run(graph);
        return graph;

        Value Lookup(long column, int rows)
        {
            var table = graph.AddConstant(Tensors.Floats(random, rows, 3));
            return graph.Add("Gather", table, way == "gather" ? Picked(column) : Sliced(column));
        }

        Value Picked(long column) =>
            graph.Add("Gather", new AttributeMap { ["axis"] = 1L }, ids, graph.AddConstant(Tensor.Scalar(column)));

        Value Sliced(long column) => graph.Add(
            "Squeeze", graph.Add("Slice", ids, Ints(column), Ints(column + 1), Ints(1)), Ints(1));

        Value Ints(params long[] values) => graph.AddConstant(Tensor.From<long>(values, values.Length));
    }
}
