using System.Globalization;
using System.Text;

namespace ServingStack.Compression.Datasets;

/// <summary>
/// UCI Adult (Becker, Kohavi 1996): does a person of the 1994 census earn more than 50,000 dollars a year? 32,561 + 16,281 rows of
/// comma-separated values, gzipped. Eight categorical columns, of which id 0 is a missing value, and five numeric ones; the sampling
/// weight <c>fnlwgt</c> is no feature of a person and is left out.
/// </summary>
public static class Adult
{
    private const string Missing = "?";

    private static readonly string[] Columns =
    [
        "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race", "sex",
        "capital-gain", "capital-loss", "hours-per-week", "native-country",
    ];

    public static IReadOnlyList<string> DenseColumns { get; } = ["age", "education-num", "capital-gain", "capital-loss", "hours-per-week"];

    public static IReadOnlyList<CategoricalColumn> CategoricalColumns { get; } =
    [
        Column("workclass", "Private, Self-emp-not-inc, Self-emp-inc, Federal-gov, Local-gov, State-gov, Without-pay, Never-worked"),
        Column("education", "Bachelors, Some-college, 11th, HS-grad, Prof-school, Assoc-acdm, Assoc-voc, 9th, 7th-8th, 12th, Masters, " +
            "1st-4th, 10th, Doctorate, 5th-6th, Preschool"),
        Column("marital-status",
            "Married-civ-spouse, Divorced, Never-married, Separated, Widowed, Married-spouse-absent, Married-AF-spouse"),
        Column("occupation", "Tech-support, Craft-repair, Other-service, Sales, Exec-managerial, Prof-specialty, Handlers-cleaners, " +
            "Machine-op-inspct, Adm-clerical, Farming-fishing, Transport-moving, Priv-house-serv, Protective-serv, Armed-Forces"),
        Column("relationship", "Wife, Own-child, Husband, Not-in-family, Other-relative, Unmarried"),
        Column("race", "White, Asian-Pac-Islander, Amer-Indian-Eskimo, Other, Black"),
        Column("sex", "Female, Male"),
        Column("native-country",
            "United-States, Cambodia, England, Puerto-Rico, Canada, Germany, Outlying-US(Guam-USVI-etc), India, Japan, Greece, " +
            "South, China, Cuba, Iran, Honduras, Philippines, Italy, Poland, Jamaica, Vietnam, Mexico, Portugal, Ireland, France, " +
            "Dominican-Republic, Laos, Ecuador, Taiwan, Haiti, Columbia, Hungary, Guatemala, Nicaragua, Scotland, Thailand, Yugoslavia, " +
            "El-Salvador, Trinadad&Tobago, Peru, Hong, Holand-Netherlands"),
    ];

    /// <summary>Reads <c>adult.data.gz</c> or <c>adult.test.gz</c> from the folder.</summary>
    /// <exception cref="DatasetException">The file is missing or malformed.</exception>
    public static TabularDataset Load(string folder, bool train)
    {
        var path = Path.Combine(folder, train ? "adult.data.gz" : "adult.test.gz");
        List<long> categorical = [];
        List<float> dense = [];
        List<float> targets = [];
        var number = 0;
        foreach (var line in Encoding.UTF8.GetString(GzipFile.ReadAllBytes(path)).Split('\n'))
        {
            number++;
            // The test file opens with a line of the cross validator, and both end with an empty one.
            if (line.Length == 0 || line[0] == '|') continue;
            var fields = line.Split(',', StringSplitOptions.TrimEntries);
            if (fields.Length != Columns.Length + 1)
                throw new DatasetException($"'{path}' line {number} has {fields.Length} fields, expected {Columns.Length + 1}: it is " +
                    "truncated or no Adult file.");
            foreach (var column in CategoricalColumns) categorical.Add(Id(column, Field(fields, column.Name), path, number));
            foreach (var column in DenseColumns) dense.Add(Number(column, Field(fields, column), path, number));
            targets.Add(Target(fields[^1], path, number));
        }
        if (targets.Count == 0) throw new DatasetException($"'{path}' holds no row: download it again.");
        return new("adult", CategoricalColumns, DenseColumns, [.. categorical], [.. dense], [.. targets]);
    }

    private static CategoricalColumn Column(string name, string categories) => new(name, [Missing, .. categories.Split(", ")]);

    private static string Field(string[] fields, string column) => fields[Array.IndexOf(Columns, column)];

    private static int Id(CategoricalColumn column, string value, string path, int line)
    {
        for (var id = 0; id < column.Categories.Count; id++)
            if (column.Categories[id] == value) return id;
        throw new DatasetException($"'{path}' line {line}: {column.Name} is '{value}', expected one of " +
            $"{string.Join(", ", column.Categories)}.");
    }

    private static float Number(string column, string value, string path, int line) =>
        float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number) ? number
        : throw new DatasetException($"'{path}' line {line}: {column} is '{value}', expected a number.");

    // The test file ends its targets with a full stop.
    private static float Target(string value, string path, int line) => value.TrimEnd('.') switch
    {
        ">50K" => 1,
        "<=50K" => 0,
        _ => throw new DatasetException($"'{path}' line {line}: the target is '{value}', expected <=50K or >50K."),
    };
}
