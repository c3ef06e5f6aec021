namespace ServingStack.Compression.Evaluation;

/// <summary>What predictions are worth against the truth.</summary>
public static class Metrics
{
    /// <summary>
    /// The chance that a row of target 1 scores higher than one of target 0, ties counting half (Fawcett 2006): the area under the ROC
    /// curve, 0..1; NaN where one of the targets does not occur.
    /// </summary>
    public static double AreaUnderCurve(ReadOnlySpan<float> scores, ReadOnlySpan<float> targets)
    {
        if (scores.Length != targets.Length)
            throw new ArgumentException($"{scores.Length} scores for {targets.Length} targets.", nameof(scores));
        var (sorted, labels) = (scores.ToArray(), targets.ToArray());
        Array.Sort(sorted, labels);
        double positives = 0, rankSum = 0;
        for (var first = 0; first < sorted.Length;)
        {
            var end = first;
            while (end < sorted.Length && sorted[end] == sorted[first]) end++;
            // Equal scores share the mean of their ranks, which are 1-based.
            var rank = (first + 1 + end) / 2.0;
            for (; first < end; first++)
                if (labels[first] > 0.5f) (positives, rankSum) = (positives + 1, rankSum + rank);
        }
        var negatives = sorted.Length - positives;
        return (rankSum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }

    /// <summary>Whether the label is among the <paramref name="k"/> highest scores of a row; ties go to the lower index.</summary>
    public static bool IsAmongTop(ReadOnlySpan<float> scores, int label, int k)
    {
        var higher = 0;
        for (var i = 0; i < scores.Length; i++)
            if (scores[i] > scores[label] || (scores[i] == scores[label] && i < label)) higher++;
        return higher < k;
    }
}
