using ServingStack.Compression.Evaluation;

namespace ServingStack.Compression.Tests.Evaluation;

public sealed class MetricsTests
{
    [Theory]
    [InlineData(new[] { 0.1f, 0.4f, 0.35f, 0.8f }, new[] { 0f, 0, 1, 1 }, 0.75)]
    [InlineData(new[] { 1f, 2, 3 }, new[] { 0f, 1, 1 }, 1)]
    [InlineData(new[] { 3f, 2, 1 }, new[] { 0f, 1, 1 }, 0)]
    [InlineData(new[] { 5f, 5, 5, 5 }, new[] { 0f, 1, 0, 1 }, 0.5)]
    [InlineData(new[] { 1f, 2 }, new[] { 1f, 1 }, double.NaN)]
    public void AreaUnderCurve_KnownCases_AreExact(float[] scores, float[] targets, double expected) =>
        Assert.Equal(expected, Metrics.AreaUnderCurve(scores, targets));

    [Fact]
    public void AreaUnderCurve_RandomScores_EqualsCountingPairs()
    {
        const int seed = 11;
        var random = new Random(seed);
        var scores = Enumerable.Range(0, 300).Select(_ => (float)random.Next(40)).ToArray();
        var targets = scores.Select(s => random.Next(40) < s ? 1f : 0f).ToArray();
        var pairs = from i in Enumerable.Range(0, 300)
                    from j in Enumerable.Range(0, 300)
                    where targets[i] == 1 && targets[j] == 0
                    select scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0;

        Assert.True(Math.Abs(pairs.Average() - Metrics.AreaUnderCurve(scores, targets)) < 1e-12, $"seed {seed}");
    }

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(3, 1, false)]
    [InlineData(3, 2, true)]
    [InlineData(0, 3, false)]
    [InlineData(0, 4, true)]
    public void IsAmongTop_TiesGoToTheLowerIndex(int label, int k, bool expected) =>
        Assert.Equal(expected, Metrics.IsAmongTop([0.1f, 0.5f, 0.2f, 0.5f], label, k));
}
