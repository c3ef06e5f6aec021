using ServingStack.Compression.Quantization;

namespace ServingStack.Compression.Tests.Quantization;

public sealed class ActivationHistogramTests
{
    private const int Seed = 3;

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(-1, 1, 128)]
    [InlineData(-1, 0, 255)]
    [InlineData(2, 4, 0)]
    [InlineData(0, 0, 0)]
    public void Covering_Range_RepresentsItsEndsAndZero(double least, double most, byte zeroPoint)
    {
        var quantization = ActivationQuantization.Covering(least, most);

        Assert.Equal(zeroPoint, quantization.ZeroPoint);
        Assert.True((255 - zeroPoint) * quantization.Scale >= most - (quantization.Scale / 2) - 1e-6);
        Assert.True(-zeroPoint * quantization.Scale <= least + (quantization.Scale / 2) + 1e-6 || least > 0);
    }

    [Fact]
    public void Covering_PixelsOverOne_StepsByOnePixel() => Assert.Equal(1 / 255f, ActivationQuantization.Covering(0, 1).Scale);

    [Fact]
    public void Choose_OneOutlier_IsClippedByPercentile()
    {
        var values = Gauss(100_000);
        values[17] = 100;

        Assert.Equal(100 / 255f, Choose(values, RangeMethod.MinMax).Scale, 0.02f);
        Assert.InRange(Choose(values, RangeMethod.Percentile).Scale, 6 / 255f, 12 / 255f);
    }

    [Fact]
    public void Choose_RareOutliers_AreClippedByMinimumErrorWhereTheyCostLessThanTheSteps()
    {
        // Among a million numbers one outlier of eight deviations is worth less than finer steps for the others; among a thousand, more.
        var (few, many) = (Gauss(1_000_000), Gauss(1_000));
        few[17] = many[17] = 8;

        Assert.True(Choose(few, RangeMethod.MinimumError).Scale < Choose(few, RangeMethod.MinMax).Scale);
        Assert.Equal(Choose(many, RangeMethod.MinMax).Scale, Choose(many, RangeMethod.MinimumError).Scale, 0.1f / 255);
    }

    [Theory]
    [InlineData(RangeMethod.MinMax)]
    [InlineData(RangeMethod.Percentile)]
    public void Choose_MinimumError_IsNoWorseThanTheOthers(RangeMethod other)
    {
        var values = Array.ConvertAll(Gauss(50_000), v => v * v * v);

        var (best, rival) = (MeanSquare(values, Choose(values, RangeMethod.MinimumError)), MeanSquare(values, Choose(values, other)));

        Assert.True(best <= rival * 1.01, $"seed {Seed}: {best} against {rival}");
    }

    [Fact]
    public void Choose_EvenSpread_KeepsTheWholeRange()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => i / 10_000f).ToArray();

        Assert.InRange(Choose(values, RangeMethod.MinimumError).Scale, 0.97f / 255, 1.01f / 255);
    }

    private static ActivationQuantization Choose(float[] values, RangeMethod method)
    {
        var histogram = new ActivationHistogram(values.Min(), values.Max());
        histogram.Add(values);
        return histogram.Choose(method);
    }

    private static double MeanSquare(float[] values, ActivationQuantization q) => values.Average(value =>
    {
        var integer = Math.Clamp(MathF.Round(value / q.Scale) + q.ZeroPoint, 0, 255);
        return Math.Pow(value - ((integer - q.ZeroPoint) * q.Scale), 2);
    });

    private static float[] Gauss(int count)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
