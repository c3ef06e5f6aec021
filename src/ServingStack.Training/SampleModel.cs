using System.Globalization;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Training.Recipes;

namespace ServingStack.Training;

/// <summary>Makes a sample model: trains by its recipe, judges the result, and notes in the model's metadata how it was made.</summary>
public static class SampleModel
{
    public static (Graph Graph, EvaluationReport Report) Train(
        Recipe recipe, string? dataFolder, TrainingOptions options, IProgress<TrainingProgress>? progress = null)
    {
        var material = recipe.Prepare(dataFolder, options.Seed);
        new Trainer(options).Run(material.Graph, material.Training, material.Validation, progress);
        using var model = CompiledModel.Compile(material.Graph, new EngineOptions { ForceOnnxRuntime = true });
        var report = Evaluator.Run(model, material.Test);
        Describe(material.Graph, recipe, options, report);
        return (material.Graph, report);
    }

    private static void Describe(Graph graph, Recipe recipe, TrainingOptions options, EvaluationReport report)
    {
        graph.Metadata["producer"] = $"ServingStack {typeof(SampleModel).Assembly.GetName().Version?.ToString(3)}";
        graph.Metadata["command"] =
            $"servingstack train {recipe.Name} --data DIR --output deploy/models --seed {options.Seed} --epochs {options.Epochs}";
        graph.Metadata["accuracy"] = report.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);
        if (report.AreaUnderCurve is { } area) graph.Metadata["auc"] = area.ToString("0.0000", CultureInfo.InvariantCulture);
    }
}
