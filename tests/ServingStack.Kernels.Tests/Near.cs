namespace ServingStack.Kernels.Tests;

/// <summary>Comparison of float results with a double-precision twin.</summary>
internal static class Near
{
    /// <summary>
    /// Each pair differs by at most <paramref name="ulps"/> units of 2^-23, relative to the larger of |expected| and
    /// <paramref name="floor"/>.
    /// </summary>
    public static void Equal(IReadOnlyList<double> expected, IReadOnlyList<float> actual, double ulps, double floor = 0, string about = "")
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            if ((double)(float)expected[i] == actual[i] || (double.IsNaN(expected[i]) && float.IsNaN(actual[i]))) continue;
            var tolerance = ulps * Math.Pow(2, -23) * Math.Max(Math.Abs(expected[i]), floor);
            var difference = Math.Abs(expected[i] - actual[i]);
            Assert.True(difference <= tolerance, $"{about} element {i}: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
