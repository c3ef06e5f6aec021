namespace ServingStack.Zoo.Tests;

public sealed class PooledRecommenderTests
{
    private static readonly PooledRecommender Small = new()
    {
        Columns = 3,
        IdsPerColumn = 4,
        Rows = 10,
        EmbeddingWidth = 8,
        DenseFeatures = 5,
        BottomWidths = [6],
        TopWidths = [7, 1],
    };

    [Fact]
    public void Create_Small_HasTheCountedParameters()
    {
        const int tables = 3 * 10 * 8;
        const int bottom = (5 * 6) + 6;
        const int top = ((6 + (3 * 8)) * 7) + 7 + 7 + 1;
        Assert.Equal(tables + bottom + top, Parameters.Count(Small.Create(seed: 1)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Create_Small_TakesNumbersAndIdsAndGivesAProbability(bool quantized)
    {
        var graph = (Small with { QuantizedTables = quantized }).Create(seed: 1);

        Assert.Equal(["dense [batch, 5]", "ids0 [batch, 4]", "ids1 [batch, 4]", "ids2 [batch, 4]"],
            graph.Inputs.Select(i => $"{i.Name} {i.Shape}"));
        Assert.Equal(["probability [batch, 1]"], graph.Outputs.Select(o => $"{o.Name} {o.Shape}"));
    }
}
