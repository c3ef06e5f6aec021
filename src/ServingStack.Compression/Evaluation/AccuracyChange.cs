namespace ServingStack.Compression.Evaluation;

/// <summary>Two models judged on the same rows, row by row.</summary>
/// <param name="Difference">Share of right rows of the second, less that of the first.</param>
/// <param name="HalfWidth">
/// Half the width of the 95 % confidence interval of the difference. The rows are the same, so only those count that one model has right
/// and
/// the other wrong (Agresti, Categorical Data Analysis, section 11.1).
/// </param>
/// <param name="Agreement">Share of rows that both answer alike.</param>
public sealed record AccuracyChange(double Difference, double HalfWidth, double Agreement)
{
    private const double Normal95 = 1.96;

    /// <param name="before">Scores of the first model, row-major.</param>
    /// <param name="after">Scores of the second.</param>
    /// <param name="rows">The rows that they judged.</param>
    public static AccuracyChange Of(ReadOnlySpan<float> before, ReadOnlySpan<float> after, ILabelledRows rows)
    {
        if (before.Length != after.Length) throw new ArgumentException($"{after.Length} scores against {before.Length}.", nameof(after));
        var width = before.Length / rows.Count;
        var (won, lost, alike) = (0, 0, 0);
        for (var i = 0; i < rows.Count; i++)
        {
            var (a, b) = (AnswerOf(before.Slice(i * width, width)), AnswerOf(after.Slice(i * width, width)));
            var target = (int)rows.Target(i);
            if (a == b) alike++;
            else if (b == target) won++;
            else if (a == target) lost++;
        }
        var (n, difference) = ((double)rows.Count, (double)(won - lost) / rows.Count);
        var deviation = Math.Sqrt(Math.Max(0, ((won + lost) / n) - (difference * difference)) / n);
        return new(difference, Normal95 * deviation, alike / n);
    }

    private static int AnswerOf(ReadOnlySpan<float> scores)
    {
        if (scores.Length == 1) return scores[0] > 0.5f ? 1 : 0;
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
            if (scores[i] > scores[best]) best = i;
        return best;
    }
}
