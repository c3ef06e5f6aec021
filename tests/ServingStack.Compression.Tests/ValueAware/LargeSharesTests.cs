using ServingStack.Compression.ValueAware;

namespace ServingStack.Compression.Tests.ValueAware;

public sealed class LargeSharesTests
{
    [Fact]
    public void Divide_OneLayerThatSuffers_GivesItMore()
    {
        var shares = LargeShares.Divide([1000, 1000], (layer, share) => (layer == 0 ? 1.0 : 0.01) * Math.Exp(-100 * share), 0.01);

        Assert.True(shares[0] > shares[1], $"{shares[0]} against {shares[1]}");
        Assert.InRange(shares.Average(), 0.005, 0.01);
    }

    [Fact]
    public void Divide_NothingToGive_GivesNothing() => Assert.Equal([0, 0], LargeShares.Divide([10, 20], (_, share) => 1 - share, 0));
}
