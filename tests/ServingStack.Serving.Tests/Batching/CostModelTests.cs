using CsCheck;
using ServingStack.Serving.Batching;

namespace ServingStack.Serving.Tests.Batching;

public sealed class CostModelTests
{
    [Fact]
    public void Fit_SamplesOnALine_FindsTheLine() => Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 100]).Sample((constant, perRow) =>
    {
        var cost = CostModel.Fit([.. Enumerable.Range(1, 8).Select(n => (n, (long)constant + (perRow * n)))]);
        Assert.Equal(constant, cost.Fixed, 1e-6);
        Assert.Equal(perRow, cost.PerRow, 1e-6);
    });

    [Fact]
    public void Fit_AnySamples_NeverGivesANegativePart() => Gen.Select(Gen.Int[1, 32], Gen.Long[0, 100_000]).Array[1, 50].Sample(samples =>
    {
        var cost = CostModel.Fit(samples);
        Assert.True(cost is { Fixed: >= 0, PerRow: >= 0 } && double.IsFinite(cost.Fixed + cost.PerRow), $"{cost}");
    });

    [Fact]
    public void At_OneSizeOnly_ScalesWithTheRows()
    {
        var model = new CostModel(fadeAfter: 1000);
        model.Learn(4, 400, now: 10);
        Assert.Equal(800, model.At(10).For(8));
    }

    [Fact]
    public void At_NoBatchForLong_FadesSoThatRequestsAreTriedAgain()
    {
        var model = new CostModel(fadeAfter: 1000);
        model.Learn(1, 1_000_000, now: 0);
        Assert.Equal(1_000_000, model.At(999).For(1));
        Assert.Equal(500_000, model.At(1000).For(1));
        Assert.Equal(0, model.At(100_000).For(1));
    }

    [Fact]
    public void Learn_OldBatches_AreForgotten()
    {
        var model = new CostModel(fadeAfter: long.MaxValue);
        for (var i = 0; i < 50; i++) model.Learn(1, 1000, now: i);
        for (var i = 0; i < 50; i++) model.Learn(1, 10, now: i);
        Assert.Equal(10, model.At(50).For(1));
    }
}
