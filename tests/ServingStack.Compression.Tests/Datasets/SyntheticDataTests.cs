using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;

namespace ServingStack.Compression.Tests.Datasets;

public sealed class SyntheticDataTests
{
    [Fact]
    public void ClickLog_SameSeeds_GivesTheSameRows()
    {
        var (first, second, other) = (ClickLog.Create(200, 1, 2).Rows, ClickLog.Create(200, 1, 2).Rows, ClickLog.Create(200, 1, 3).Rows);

        Assert.Equal(first.Categorical, second.Categorical);
        Assert.Equal(first.Targets, second.Targets);
        Assert.NotEqual(first.Categorical, other.Categorical);
    }

    [Fact]
    public void ClickLog_TrueProbabilities_AreCalibratedAndTell()
    {
        var (rows, truth) = ClickLog.Create(20_000, ruleSeed: 1, rowSeed: 2);

        Assert.Equal(rows.Targets.Average(), truth.Average(), 0.01);
        Assert.InRange(Metrics.AreaUnderCurve(truth, rows.Targets), 0.8, 0.95);
    }

    [Fact]
    public void ClickLog_Ids_StayWithinTheirColumns()
    {
        var (rows, _) = ClickLog.Create(5_000, 1, 2);

        for (var i = 0; i < rows.Categorical.Length; i++)
            Assert.InRange(rows.Categorical[i], 0, rows.CategoricalColumns[i % rows.CategoricalColumns.Count].Categories.Count - 1);
    }

    [Fact]
    public void SyntheticImages_SameSeed_GivesTheSameImagesOfClassesInTurn()
    {
        var images = SyntheticImages.Create(7, classes: 3, extent: 8, seed: 5);

        Assert.Equal([0, 1, 2, 0, 1, 2, 0], images.Labels);
        Assert.Equal(images.Pixels, SyntheticImages.Create(7, 3, 8, 5).Pixels);
        Assert.NotEqual(images.Pixels, SyntheticImages.Create(7, 3, 8, 6).Pixels);
    }
}
