namespace ServingStack.Zoo.Tests;

public sealed class RecommenderTests
{
    private static readonly Recommender.Configuration Small = new([5, 3], [10, 20, 30], [1, 2, 4])
    {
        EmbeddingWidth = 4,
        BottomWidths = [8],
        TopWidths = [6],
    };

    [Fact]
    public void Create_Small_HasTheCountedParameters()
    {
        var graph = Recommender.Create(Small, seed: 1);

        const int standardize = (2 * 3) + 2;
        const int tables = (5 + 3) * 4;
        const int bottom = (3 * 8) + 8;
        const int top = ((8 + (2 * 4)) * 6) + 6;
        const int logit = 6 + 1;
        Assert.Equal(standardize + tables + bottom + top + logit, Parameters.Count(graph));
    }

    [Fact]
    public void Create_Small_TakesIdsAndNumbersAndGivesAProbability()
    {
        var graph = Recommender.Create(Small, seed: 1);

        Assert.Equal(["categorical [batch, 2]", "dense [batch, 3]"], graph.Inputs.Select(i => $"{i.Name} {i.Shape}"));
        Assert.Equal(["probability [batch, 1]"], graph.Outputs.Select(o => $"{o.Name} {o.Shape}"));
    }

    [Fact]
    public void Create_SameSeed_GivesTheSameTables()
    {
        var tables = new[] { 7, 7, 8 }.Select(seed => Recommender.Create(Small, seed).Nodes
            .Single(n => n.Name == "embedding0").Inputs[0]!.Constant!.As<float>().ToArray()).ToArray();

        Assert.Equal(tables[0], tables[1]);
        Assert.NotEqual(tables[0], tables[2]);
    }
}
