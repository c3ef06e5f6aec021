using System.Numerics;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Rounds each weight up or down so that the layer's output, not the weight, is nearest: the quadratic problem of AdaRound (Nagel et al.
/// 2020), in the second moments of the layer's inputs, solved weight by weight until no single change helps.
/// </summary>
internal static class LearnedRounding
{
    private const int MostSweeps = 8;

    /// <param name="matrix">The exact weights.</param>
    /// <param name="moments">Of what the layer reads.</param>
    /// <param name="scaleOf">The step of a channel.</param>
    /// <param name="codes">Rounded to the nearest, in the tensor's order; changed in place.</param>
    /// <param name="most">The largest magnitude of a code.</param>
    public static void Improve(WeightMatrix matrix, PatchMoments moments, Func<int, float> scaleOf, Span<sbyte> codes, int most)
    {
        var rows = matrix.Rows();
        var row = new sbyte[matrix.Depth];
        for (var n = 0; n < matrix.Channels; n++)
        {
            var scale = scaleOf(n);
            for (var k = 0; k < row.Length; k++) row[k] = codes[matrix.IndexOf(n, k)];
            Improve(rows.AsSpan(n * row.Length, row.Length), moments.Of(n, matrix.Channels), _ => scale, row, _ => true, most);
            for (var k = 0; k < row.Length; k++) codes[matrix.IndexOf(n, k)] = row[k];
        }
    }

    /// <summary>Improves one row; only codes that are free to move are touched.</summary>
    public static void Improve(
        ReadOnlySpan<float> weights, float[] moments, Func<int, float> scaleOf, Span<sbyte> codes, Func<int, bool> isFree, int most)
    {
        var depth = weights.Length;
        var (error, gradient) = (new float[depth], new float[depth]);
        for (var k = 0; k < depth; k++)
        {
            error[k] = isFree(k) ? (codes[k] * scaleOf(k)) - weights[k] : 0;
            if (error[k] != 0) AddScaled(gradient, moments.AsSpan(k * depth, depth), error[k]);
        }
        for (var sweep = 0; sweep < MostSweeps; sweep++)
        {
            var changed = false;
            for (var k = 0; k < depth; k++)
            {
                if (!isFree(k) || moments[(k * depth) + k] <= 0) continue;
                var step = error[k] > 0 ? -1 : 1;
                if (Math.Abs(codes[k] + step) > most) continue;
                var change = step * scaleOf(k);
                if ((2 * change * gradient[k]) + (change * change * moments[(k * depth) + k]) >= 0) continue;
                codes[k] = (sbyte)(codes[k] + step);
                error[k] += change;
                AddScaled(gradient, moments.AsSpan(k * depth, depth), change);
                changed = true;
            }
            if (!changed) return;
        }
    }

    private static void AddScaled(Span<float> sum, ReadOnlySpan<float> values, float factor)
    {
        var (width, i) = (Vector<float>.Count, 0);
        for (; i <= sum.Length - width; i += width)
            (new Vector<float>(sum[i..]) + (new Vector<float>(values[i..]) * factor)).CopyTo(sum[i..]);
        for (; i < sum.Length; i++) sum[i] += values[i] * factor;
    }
}
