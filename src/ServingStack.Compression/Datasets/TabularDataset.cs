namespace ServingStack.Compression.Datasets;

/// <summary>
/// Rows of categorical and numeric features with a binary target. Row-major: <paramref name="Categorical"/> holds one id a categorical
/// column (an index into the column's categories), <paramref name="Dense"/> the numbers as they were recorded.
/// </summary>
public sealed record TabularDataset(
    string Name, IReadOnlyList<CategoricalColumn> CategoricalColumns, IReadOnlyList<string> DenseColumns, long[] Categorical,
        float[] Dense, float[] Targets)
{
    public int Count => Targets.Length;

    /// <summary>Mean and standard deviation of each dense column; the deviation of a constant column is 1.</summary>
    public (float[] Means, float[] Deviations) DenseStatistics()
    {
        var width = DenseColumns.Count;
        var means = new float[width];
        var deviations = new float[width];
        for (var column = 0; column < width; column++)
        {
            double sum = 0, squares = 0;
            for (var i = column; i < Dense.Length; i += width)
            {
                sum += Dense[i];
                squares += (double)Dense[i] * Dense[i];
            }
            var mean = sum / Count;
            means[column] = (float)mean;
            deviations[column] = (float)Math.Sqrt(Math.Max(0, (squares / Count) - (mean * mean))) is var d && d > 0 ? d : 1;
        }
        return (means, deviations);
    }
}

/// <summary>A categorical column: its name and its categories, the id of each being its index.</summary>
public sealed record CategoricalColumn(string Name, IReadOnlyList<string> Categories);
