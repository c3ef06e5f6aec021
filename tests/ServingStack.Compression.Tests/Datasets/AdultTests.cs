using ServingStack.Compression.Datasets;
using ServingStack.Tests.Shared;

namespace ServingStack.Compression.Tests.Datasets;

public sealed class AdultTests
{
    private const string Row =
        "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, United-States, <=50K";

    [Fact]
    public void Load_Rows_GivesIdsNumbersAndTargets()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("adult.data.gz", Row + "\n25, ?, 1, 11th, 7, Divorced, ?, Wife, Black, Female, 0, 9, 35, ?, >50K\n\n");

        var rows = Adult.Load(folder.Path, train: true);

        Assert.Equal([39, 13, 2174, 0, 40, 25, 7, 0, 9, 35], rows.Dense);
        Assert.Equal([0, 1], rows.Targets);
        Assert.Equal(["State-gov", "Bachelors", "Never-married", "Adm-clerical", "Not-in-family", "White", "Male", "United-States"],
            Words(rows, 0));
        Assert.Equal(["?", "11th", "Divorced", "?", "Wife", "Black", "Female", "?"], Words(rows, 1));
    }

    [Fact]
    public void Load_TestFile_TakesItsFirstLineAndFullStops()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("adult.test.gz", $"|1x3 Cross validator\n{Row}.\n");

        Assert.Equal([0], Adult.Load(folder.Path, train: false).Targets);
    }

    [Theory]
    [InlineData("39, State-gov", "line 1 has 2 fields, expected 15")]
    [InlineData("39, Elsewhere, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, " +
        "United-States, <=50K", "workclass is 'Elsewhere'")]
    [InlineData("old, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, " +
        "United-States, <=50K", "age is 'old', expected a number")]
    [InlineData("39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, " +
        "United-States, rich", "the target is 'rich'")]
    [InlineData("", "holds no row")]
    public void Load_Malformed_NamesLineAndValue(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("adult.data.gz", text);

        var error = Assert.Throws<DatasetException>(() => Adult.Load(folder.Path, train: true));

        Assert.Contains("adult.data.gz", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DenseStatistics_OfRows_AreMeanAndDeviation()
    {
        var rows = new TabularDataset("small", [], ["a", "constant"], [], [1, 5, 3, 5], [0, 1]);

        var (means, deviations) = rows.DenseStatistics();

        Assert.Equal([2, 5], means);
        Assert.Equal([1, 1], deviations);
    }

    [DataFact]
    public void Load_RealFiles_HaveTheDocumentedRows()
    {
        var training = Adult.Load(TestData.Path("adult"), train: true);
        var test = Adult.Load(TestData.Path("adult"), train: false);

        Assert.Equal((32_561, 16_281), (training.Count, test.Count));
        // adult.names: 23.93 % of both files earn more than 50K.
        Assert.Equal(0.2393, (training.Targets.Sum() + test.Targets.Sum()) / (training.Count + test.Count), 0.0001);
    }

    private static string[] Words(TabularDataset rows, int row) =>
        [.. rows.CategoricalColumns.Select((column, c) =>
            column.Categories[(int)rows.Categorical[(row * rows.CategoricalColumns.Count) + c]])];
}
