using ServingStack.Compression.Quantization;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tests.Quantization;

public sealed class LayerQuantizationTests
{
    [Fact]
    public void Of_EachChannel_UsesItsWholeRange()
    {
        var layer = LayerQuantization.Of(Tensor.From<float>([1, -2, 10, 5, 0, 0], 3, 2), channelAxis: 0);

        Assert.Equal([64, -127, 127, 64, 0, 0], layer.Weights);
        Assert.Equal([2 / 127f, 10 / 127f, 1], layer.Scales);
    }

    [Fact]
    public void Of_ChannelsOnTheLastAxis_ScalesColumns()
    {
        var layer = LayerQuantization.Of(Tensor.From<float>([1, -20, 0.5f, 10], 2, 2), channelAxis: 1);

        Assert.Equal([127, -127, 64, 64], layer.Weights);
        Assert.Equal([1 / 127f, 20 / 127f], layer.Scales);
    }

    [Fact]
    public void Of_RandomWeights_IsWithinHalfAStep()
    {
        const int seed = 5;
        var random = new Random(seed);
        var weights = Enumerable.Range(0, 4 * 3 * 3 * 3).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();

        var layer = LayerQuantization.Of(Tensor.From<float>(weights, 4, 3, 3, 3), channelAxis: 0);

        for (var i = 0; i < weights.Length; i++)
        {
            var scale = layer.Scales[i / 27];
            Assert.True(Math.Abs(weights[i] - (layer.Weights[i] * scale)) <= (scale / 2) + 1e-6f, $"seed {seed}, weight {i}");
        }
    }

    [Fact]
    public void Bias_InAccumulatorUnits_SaturatesInsteadOfWrapping() =>
        Assert.Equal([50, -3, int.MaxValue], LayerQuantization.Bias([5, -0.31f, 1e12f], [0.1f, 0.1f, 0.1f]));
}
