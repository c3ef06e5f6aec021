using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Compression.Evaluation;
using ServingStack.Graphs.Onnx;
using ServingStack.Training;
using ServingStack.Training.Recipes;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack train RECIPE</c>: makes a sample model by its recipe.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("recipe") { Description = string.Join("; ", Recipe.All.Select(r => $"{r.Name}: {r.Summary}")) };
        name.AcceptOnlyFromAmong([.. Recipe.All.Select(r => r.Name)]);
        var data = new Option<string?>("--data") { Description = "The folder of the data set's files." };
        var output = new Option<string>("--output")
        {
            Description = "The model repository to write into.",
            DefaultValueFactory = _ => "deploy/models",
        };
        var version = new Option<int>("--model-version") { Description = "The version's folder.", DefaultValueFactory = _ => 1 };
        var seed = new Option<int>("--seed") { Description = "Draws weights, order and augmentation.", DefaultValueFactory = _ => 1 };
        var epochs = new Option<int?>("--epochs") { Description = "Passes over the data; the recipe's own number where left out." };
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "Keeps the state after each epoch in this file, and goes on from it.",
        };
        var command = new Command("train",
            "Trains a sample model and writes OUTPUT/<model>/<version>/model.onnx.\n\n" +
            "  servingstack train fashion-resnet --data DIR --output deploy/models --seed 1")
        {
            name, data, output, version, seed, epochs, checkpoint,
        };
        command.SetAction(arguments =>
        {
            var recipe = Recipe.All.Single(r => r.Name == arguments.GetValue(name));
            var options = recipe.Options with
            {
                Seed = arguments.GetValue(seed),
                Epochs = arguments.GetValue(epochs) ?? recipe.Options.Epochs,
                Checkpoint = arguments.GetValue(checkpoint),
            };
            if (options.Epochs < 1) throw new UsageException($"--epochs is {options.Epochs}, expected 1 or more.");
            var (graph, report) = Train(recipe, arguments.GetValue(data), options);
            var path = Path.Combine(arguments.GetValue(output)!, recipe.ModelName, $"{arguments.GetValue(version)}", "model.onnx");
            OnnxWriter.Save(graph, ModelFile.Prepared(path));
            arguments.InvocationConfiguration.Output.WriteLine($"{path}: {new FileInfo(path).Length} bytes, {ReportText.Of(report)}");
            return 0;
        });
        return command;
    }

    private static (Graphs.Graph Graph, EvaluationReport Report) Train(Recipe recipe, string? data, TrainingOptions options) =>
        ProgressLine.Show($"train {recipe.Name}", 1, report => SampleModel.Train(recipe, data, options,
            new ProgressCall<TrainingProgress>(p => report((double)p.Step / p.Steps, TrainingLines.Text(p)))));
}
