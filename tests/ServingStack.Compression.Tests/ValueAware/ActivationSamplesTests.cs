using ServingStack.Compression.ValueAware;

namespace ServingStack.Compression.Tests.ValueAware;

public sealed class ActivationSamplesTests
{
    /// <summary>The sampled quantile against the sorted one: the share above it is off by a few times sqrt(share / n).</summary>
    [Theory]
    [InlineData(0.001)]
    [InlineData(0.01)]
    [InlineData(0.03)]
    public void Threshold_Sampled_LeavesAboutTheShareAbove(double share)
    {
        const int seed = 4;
        var random = new Random(seed);
        var samples = new ActivationSamples();
        var all = new List<float>();
        for (var batch = 0; batch < 8; batch++)
        {
            var values = new float[100_000];
            for (var i = 0; i < values.Length; i++) values[i] = (float)-Math.Log(1 - random.NextDouble());
            samples.Add(values, "x");
            all.AddRange(values);
        }

        var threshold = samples.Threshold(share);

        var above = all.Count(v => v > threshold) / (double)all.Count;
        var sampled = 8 * 4096;
        Assert.True(Math.Abs(above - share) < 4 * Math.Sqrt(share / sampled), $"seed {seed}: {above} above, {share} asked");
    }

    [Fact]
    public void Codes_UnsignedAndSigned_UseAllTheirSteps()
    {
        var (positive, signed) = (new ActivationSamples(), new ActivationSamples());
        positive.Add([0, 1, 2, 30], "x");
        signed.Add([0, -1, 2, 28], "x");

        Assert.Equal(new ActivationCodes(2, 0, 15, 30, 4, 0), ActivationCodes.Of(positive, 4, 0));
        Assert.Equal(new ActivationCodes(4, -7, 7, 28, 4, 0), ActivationCodes.Of(signed, 4, 0));
    }
}
