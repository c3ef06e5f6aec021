using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Training.Compressing;
using ServingStack.Training.Reports;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack compress MODEL</c>: a whole network decomposed, judged, tuned, reported and put into a repository.</summary>
internal static class CompressCommand
{
    private const string Teaching =
        "Compresses a whole network by Tucker decomposition, judges and tunes it where data is given, and writes plain ONNX with its\n" +
        "report.\n\n" +
        "  servingstack compress resnet20.onnx --budget flops=2x --data cifar10:DIR --repository models --name resnet20\n" +
        "  servingstack compress resnet20.onnx --ranks vbmf=0.8 --repository models --name resnet20_small\n" +
        "  servingstack compress resnet20.onnx --budget latency=1.5x --repository models --name resnet20 --json\n\n" +
        "The same command, given again after an interruption, goes on from the last epoch.";

    public static Command Create()
    {
        var model = ModelFile.Argument();
        var repository = new Option<string>("--repository") { Description = "The model repository to write into.", Required = true };
        var name = new Option<string>("--name") { Description = "The model's folder; a variant is a name of its own.", Required = true };
        var version = new Option<int?>("--model-version") { Description = "The version's folder; the next one where left out." };
        var data = new Option<string?>("--data")
        {
            Description = $"Test rows that judge, and training rows that tune: {DataArgument.TrainableForms}.",
        };
        var scratch = new Option<bool>("--from-scratch") { Description = "Starts from random weights instead: the control." };
        var json = new Option<bool>("--json") { Description = "Prints the report as JSON." };
        var (ranks, tuning) = (new RankArguments(), new TuningArguments());
        var command = new Command("compress", Teaching) { model, repository, name, version, data, scratch, json };
        ranks.AddTo(command);
        tuning.AddTo(command);
        command.SetAction(arguments =>
        {
            var path = arguments.GetValue(model)!;
            var graph = OnnxReader.Load(path);
            graph.Name = arguments.GetValue(name)!;
            var hash = Lineage.HashOf(path);
            var folder = new ModelFolder(arguments.GetValue(repository)!, arguments.GetValue(name)!);
            var target = folder.Free(arguments.GetValue(version));
            var (budget, options) = (ranks.Budget(arguments), tuning.Options(arguments));
            var state = Path.Combine(arguments.GetValue(repository)!, $".compress-{arguments.GetValue(name)}-{hash[..12]}");
            var text = arguments.GetValue(json) ? TextWriter.Null : arguments.InvocationConfiguration.Output;
            tuning.ApplyThreads(arguments);
            var (compressed, report) = TrainingLines.Run($"compress {graph.Name}", text, progress =>
            {
                var run = new CompressionRun(graph, hash, ranks.Options(arguments, arguments.GetValue(data) is { } seen
                        ? () => DataArgument.Open(seen, train: true, null, InputOf(graph)) : null),
                    options with { Checkpoint = options.Checkpoint ?? Path.Combine(state, "checkpoint") },
                    arguments.GetValue(data) is { } rows ? Material(rows, graph) : null)
                {
                    Progress = progress,
                    Say = text.WriteLine,
                    FromScratch = arguments.GetValue(scratch),
                };
                return budget is null ? run.Run() : run.Run(budget);
            });
            var file = folder.Write(compressed, target, Files(report));
            if (Directory.Exists(state)) Directory.Delete(state, recursive: true);
            arguments.InvocationConfiguration.Output.WriteLine(
                arguments.GetValue(json) ? JsonReport.Write(report)
                    : $"{MarkdownReport.Write(report)}\n{file}: {new FileInfo(file).Length} bytes");
            return 0;
        });
        return command;
    }

    private static Dictionary<string, string> Files(CompressionReport report) => new()
    {
        ["report.md"] = MarkdownReport.Write(report),
        ["report.html"] = HtmlReport.Write(report),
        ["report.json"] = JsonReport.Write(report),
    };

    private static TensorSpec InputOf(Graph graph) => new(graph.Inputs[0].Name, graph.Inputs[0].ElementType, graph.Inputs[0].Shape!);

    private static CompressionMaterial Material(string data, Graph graph)
    {
        var input = InputOf(graph);
        var training = DataArgument.OpenTraining(data, train: true, input);
        var validation = DataArgument.OpenTraining(data, train: false, input);
        return new(DataArgument.KindOf(data), training, validation, DataArgument.Open(data, train: false, null, input));
    }
}
