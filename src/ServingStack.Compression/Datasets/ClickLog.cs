namespace ServingStack.Compression.Datasets;

/// <summary>
/// A seeded synthetic click log, for trials and tests where no real data is at hand. Its rule is known: each category has a weight, user
/// and item meet in a product of their hidden tastes, two dense features add a slope and a curve; the click is a coin with the probability
/// sigmoid(sum). What no model can beat is therefore known too: the scores of the rule itself.
/// </summary>
public static class ClickLog
{
    private const int TasteWidth = 3;

    private static readonly (string Name, int Categories)[] Columns = [("user", 100), ("item", 50), ("device", 4), ("hour", 24)];

    /// <summary>
    /// Makes <paramref name="count"/> rows. Rows of the same <paramref name="ruleSeed"/> follow the same rule; <paramref name="rowSeed"/>
    /// draws them. The second result holds each row's true click probability.
    /// </summary>
    public static (TabularDataset Rows, float[] TrueProbabilities) Create(int count, int ruleSeed, int rowSeed)
    {
        var rule = new Rule(new Random(ruleSeed));
        var random = new Random(rowSeed);
        var categorical = new long[count * Columns.Length];
        var dense = new float[count * 2];
        var targets = new float[count];
        var probabilities = new float[count];
        for (var row = 0; row < count; row++)
        {
            var ids = categorical.AsSpan(row * Columns.Length, Columns.Length);
            for (var c = 0; c < Columns.Length; c++) ids[c] = random.Next(Columns[c].Categories);
            var numbers = dense.AsSpan(row * 2, 2);
            numbers[0] = (float)Gauss(random);
            numbers[1] = (float)Gauss(random);
            probabilities[row] = (float)rule.Probability(ids, numbers);
            targets[row] = random.NextDouble() < probabilities[row] ? 1 : 0;
        }
        CategoricalColumn[] columns =
            [.. Columns.Select(c => new CategoricalColumn(c.Name, [.. Enumerable.Range(0, c.Categories).Select(id => $"{c.Name} {id}")]))];
        return (new("click-log", columns, ["age of the item", "price"], categorical, dense, targets), probabilities);
    }

    private static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private sealed class Rule(Random random)
    {
        private readonly double[][] _weights = Array.ConvertAll(Columns, column => Draw(random, column.Categories, 0.6));
        private readonly double[] _userTastes = Draw(random, Columns[0].Categories * TasteWidth, 1);
        private readonly double[] _itemTastes = Draw(random, Columns[1].Categories * TasteWidth, 1);

        public double Probability(ReadOnlySpan<long> ids, ReadOnlySpan<float> dense)
        {
            var sum = -0.5 - (0.8 * dense[0]) + (0.5 * dense[1] * dense[1]);
            for (var c = 0; c < ids.Length; c++) sum += _weights[c][ids[c]];
            for (var t = 0; t < TasteWidth; t++) sum += _userTastes[(ids[0] * TasteWidth) + t] * _itemTastes[(ids[1] * TasteWidth) + t];
            return 1 / (1 + Math.Exp(-sum));
        }

        private static double[] Draw(Random random, int count, double scale)
        {
            var values = new double[count];
            for (var i = 0; i < count; i++) values[i] = scale * Gauss(random);
            return values;
        }
    }
}
