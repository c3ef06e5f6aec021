using System.Text.Json;
using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Training.Data;
using ServingStack.Zoo;

namespace ServingStack.Training.Recipes;

/// <summary>A small deep recommender, on the census data or, where that is not at hand, on a synthetic click log.</summary>
internal static class AdultRecommender
{
    private const int ClickRuleSeed = 1;

    public static Recipe Recipe { get; } = new(
        "adult-recommender", "adult_recommender",
            "embeddings and dense layers on UCI Adult (without --data: on a synthetic click log), about a minute",
        new() { Epochs = 12, BatchSize = 256, Optimizer = OptimizerKind.Adam, LearningRate = 0.004, WeightDecay = 1e-5 }, Prepare);

    private static RecipeMaterial Prepare(string? folder, int seed)
    {
        var (training, test, data) = folder is null
            ? (ClickLog.Create(60_000, ClickRuleSeed, rowSeed: 1).Rows, ClickLog.Create(10_000, ClickRuleSeed, rowSeed: 2).Rows,
                "synthetic click log")
            : (Adult.Load(folder, train: true), Adult.Load(folder, train: false),
                "UCI Adult: 32,561 training rows, judged on the 16,281 test rows");
        var (means, deviations) = training.DenseStatistics();
        var graph = Recommender.Create(new([.. training.CategoricalColumns.Select(c => c.Categories.Count)], means, deviations), seed);
        graph.Name = "adult_recommender";
        graph.Metadata["data"] = data;
        graph.Metadata["categorical"] = JsonSerializer.Serialize(training.CategoricalColumns.ToDictionary(c => c.Name, c => c.Categories));
        graph.Metadata["dense"] = JsonSerializer.Serialize(training.DenseColumns);
        return new(graph, new TabularData(training), new TabularData(test), new TabularRows(test));
    }
}
