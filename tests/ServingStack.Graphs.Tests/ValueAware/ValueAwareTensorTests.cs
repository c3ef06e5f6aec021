using ServingStack.Graphs.ValueAware;

namespace ServingStack.Graphs.Tests.ValueAware;

public sealed class ValueAwareTensorTests
{
    [Theory]
    [InlineData(2, 0)]
    [InlineData(3, 0.05)]
    [InlineData(4, 0.01)]
    [InlineData(7, 0.001)]
    [InlineData(8, 0.02)]
    public void ToInputs_AnyBits_ReadsBackTheSame(int bits, double share)
    {
        var tensor = Draw(bits, share, seed: bits);

        var read = ValueAwareTensor.Of(Call(tensor))!;

        Assert.Equal(tensor.Codes, read.Codes);
        Assert.Equal(tensor.Scales, read.Scales);
        Assert.Equal(tensor.Large.Entries(), read.Large.Entries());
        Assert.Equal(tensor.ToFloats(), read.ToFloats());
    }

    [Fact]
    public void Large_WideGap_IsBridgedByZeros()
    {
        (long, Half)[] entries = [(3, (Half)1), (300, (Half)2), (301, (Half)(-3))];

        var large = LargeValues.Of(entries);

        Assert.Equal(ElementType.UInt8, large.GapType);
        Assert.Equal([3, 255, 42, 1], large.Gaps.Select(g => (int)g));
        Assert.Equal(entries, large.Entries());
    }

    [Fact]
    public void Large_FarApart_TakesWiderGaps()
    {
        var large = LargeValues.Of([(60_000, (Half)1), (120_000, (Half)2)]);

        Assert.Equal(ElementType.UInt16, large.GapType);
        Assert.Equal(2, large.Gaps.Count);
    }

    /// <summary>A value and an index of 32 bits each would take 0.64 bits an element at one percent.</summary>
    [Fact]
    public void Large_OnePercent_TakesLessThanHalfOfPlainPairs()
    {
        var tensor = Draw(4, 0.01, seed: 3);

        Assert.InRange(tensor.Large.GapBits + tensor.Large.ValueBits, 0, 0.5 * 0.64 * tensor.Codes.Length);
    }

    [Fact]
    public void Of_PlaceBeyondTheEnd_IsNoTensor()
    {
        var tensor = Draw(4, 0, seed: 1) with { Large = LargeValues.Of([(1_000_000, (Half)1)]) };

        Assert.Null(ValueAwareTensor.Of(Call(tensor)));
    }

    private static ValueAwareTensor Draw(int bits, double share, int seed)
    {
        var random = new Random(seed);
        var most = (1 << (bits - 1)) - 1;
        var codes = Enumerable.Range(0, 6 * 999).Select(_ => (sbyte)random.Next(-most, most + 1)).ToArray();
        var entries = new List<(long, Half)>();
        for (var i = 0; i < codes.Length; i++)
            if (random.NextDouble() < share)
            {
                codes[i] = 0;
                entries.Add((i, (Half)(random.NextDouble() + 1)));
            }
        return new(bits, codes, [.. Enumerable.Range(1, 6).Select(n => (Half)(n / 16f))], LargeValues.Of(entries), [6, 999]);
    }

    private static Node Call(ValueAwareTensor tensor)
    {
        var graph = new Graph();
        return new(ValueAwareFunctions.Weights, tensor.ToInputs().Select(t => graph.AddConstant(t)), [new Value("w")], "w", Domains.Own);
    }
}
