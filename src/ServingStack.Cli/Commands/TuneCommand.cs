using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Compression.Tucker;
using ServingStack.Engine;
using ServingStack.Graphs.Onnx;
using ServingStack.Training;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack tune MODEL --data KIND:DIR</c>: goes on training a model of any origin.</summary>
internal static class TuneCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var data = new Option<string>("--data")
        {
            Description = $"Training rows, and the test rows that each epoch is judged on: {DataArgument.TrainableForms}.",
            Required = true,
        };
        var output = new Option<string>("--output") { Description = "The file to write.", Required = true };
        var teacher = new Option<string?>("--teacher") { Description = "A model whose opinions are learned beside the labels." };
        var tuning = new TuningArguments();
        var command = new Command("tune",
            "Goes on training a model, from its weights, and writes it as plain ONNX.\n\n" +
            "  servingstack tune small.onnx --data cifar10:DIR --teacher large.onnx --epochs 10 --output tuned.onnx")
        {
            model, data, output, teacher,
        };
        tuning.AddTo(command);
        command.SetAction(arguments =>
        {
            var graph = TuckerCompressor.Prepare(OnnxReader.Load(arguments.GetValue(model)!));
            var large = arguments.GetValue(teacher) is { } path ? TuckerCompressor.Prepare(OnnxReader.Load(path)) : null;
            var text = arguments.InvocationConfiguration.Output;
            var trainer = new Trainer(tuning.Options(arguments));
            tuning.ApplyThreads(arguments);
            var input = new TensorSpec(graph.Inputs[0].Name, graph.Inputs[0].ElementType, graph.Inputs[0].Shape!);
            var (training, test) = (DataArgument.OpenTraining(arguments.GetValue(data)!, train: true, input),
                DataArgument.OpenTraining(arguments.GetValue(data)!, train: false, input));
            TrainingLines.Run($"tune {graph.Name}", text, progress => trainer.Run(graph, training, test, progress, large));
            var file = ModelFile.Prepared(arguments.GetValue(output)!);
            OnnxWriter.Save(graph, file);
            text.WriteLine($"{file}: {new FileInfo(file).Length} bytes, accuracy {TrainingLines.Percent(trainer.History[0])} before, " +
                $"{TrainingLines.Percent(trainer.History[^1])} after {trainer.History[^1].Epoch} epochs");
            return 0;
        });
        return command;
    }
}
