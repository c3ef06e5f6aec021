using MathNet.Numerics;

namespace ServingStack.Compression.Tucker.Ranks;

/// <summary>
/// Empirical variational Bayesian matrix factorization in closed form (Nakajima, Sugiyama, Babacan, Tomioka 2013): how many singular values
/// of a noisy matrix stand for structure. Input are all singular values of an L x M matrix, largest first, in either orientation.
/// </summary>
public static class EmpiricalBayes
{
    /// <summary>The constant of the paper's threshold: tau = 2.5129 sqrt(alpha).</summary>
    private const double TauFactor = 2.5129;

    // The free energy has kinks and may have several minima: the search looks at a grid before it narrows.
    private const int GridPoints = 64;

    // Of the logarithm of the variance.
    private const double Precision = 1e-7;

    /// <summary>The number of values kept, the noise's variance, and the kept values less what noise adds to them.</summary>
    public sealed record Result(int Rank, double NoiseVariance, double[] Shrunk);

    /// <param name="singularValues">All of them, so as many as the shorter side is long.</param>
    /// <param name="rows">One side.</param>
    /// <param name="columns">The other side.</param>
    /// <param name="noiseVariance">Where it is known; null estimates it.</param>
    public static Result Solve(ReadOnlySpan<double> singularValues, int rows, int columns, double? noiseVariance = null)
    {
        var (height, width) = (Math.Min(rows, columns), Math.Max(rows, columns));
        if (singularValues.Length != height)
            throw new ArgumentException($"{singularValues.Length} singular values for a {rows} x {columns} matrix, expected {height}.",
                nameof(singularValues));
        var values = singularValues.ToArray();
        var energy = values.Sum(v => v * v);
        if (energy == 0) return new(0, 0, []);
        var variance = noiseVariance ?? EstimateVariance(values, height, width, energy);
        var threshold = Math.Sqrt(width * variance * Edge((double)height / width));
        var kept = values.TakeWhile(v => v > threshold).ToArray();
        return new(kept.Length, variance, Array.ConvertAll(kept, v => Shrink(v, height, width, variance)));
    }

    /// <summary>The least x = value^2 / (M variance) that is kept.</summary>
    private static double Edge(double alpha)
    {
        var tau = TauFactor * Math.Sqrt(alpha);
        return (1 + tau) * (1 + (alpha / tau));
    }

    private static double Shrink(double value, int height, int width, double variance)
    {
        var share = 1 - ((height + width) * variance / (value * value));
        var root = (share * share) - (4.0 * height * width * variance * variance / Math.Pow(value, 4));
        return value / 2 * (share + Math.Sqrt(Math.Max(0, root)));
    }

    private static double EstimateVariance(double[] values, int height, int width, double energy)
    {
        var (alpha, edge) = ((double)height / width, Edge((double)height / width));
        var upper = energy / ((double)height * width);
        // At most so many values can be structure; the others bound the variance from below.
        var most = Math.Min((int)Math.Ceiling(height / (1 + alpha)) - 1, height) - 1;
        var rest = values.AsSpan(Math.Min(most + 1, height - 1));
        double mean = 0;
        foreach (var value in rest) mean += value * value / rest.Length;
        var lower = Math.Max(Math.Max(rest[0] * rest[0] / (width * edge), mean / width), upper * 1e-12);
        return lower >= upper ? upper : Minimize(log => FreeEnergy(Math.Exp(log), values, width, alpha, edge), Math.Log(lower), Math.Log(upper));
    }

    /// <summary>A grid, then golden section around its best point; a library's bracketing refuses a minimum at the edge or a kink.</summary>
    private static double Minimize(Func<double, double> objective, double lower, double upper)
    {
        var step = (upper - lower) / GridPoints;
        var best = Enumerable.Range(0, GridPoints + 1).MinBy(i => objective(lower + (i * step)));
        var (left, right) = (lower + (Math.Max(0, best - 1) * step), lower + (Math.Min(GridPoints, best + 1) * step));
        while (right - left > Precision)
        {
            var (a, b) = (right - (Constants.GoldenRatio - 1) * (right - left), left + (Constants.GoldenRatio - 1) * (right - left));
            if (objective(a) < objective(b)) right = b;
            else left = a;
        }
        return Math.Exp((left + right) / 2);
    }

    /// <summary>The free energy over the noise's variance, less what does not depend on it.</summary>
    private static double FreeEnergy(double variance, double[] values, int width, double alpha, double edge)
    {
        double sum = 0;
        foreach (var value in values)
        {
            var x = value * value / (width * variance);
            if (x <= edge)
            {
                // A value of zero has the same part at every variance but for the variance's own logarithm.
                sum += value == 0 ? Math.Log(variance) : x - Math.Log(x);
                continue;
            }
            var tau = Tau(x, alpha);
            sum += x - tau + Math.Log((tau + 1) / x) + (alpha * Math.Log((tau / alpha) + 1));
        }
        return sum;
    }

    private static double Tau(double x, double alpha)
    {
        var middle = x - (1 + alpha);
        return 0.5 * (middle + Math.Sqrt((middle * middle) - (4 * alpha)));
    }
}
