using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ServingStack.Cli.Terminal;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack evaluate MODEL --data KIND:PATH</c>: what a model is worth, on our engine and on ONNX Runtime.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var data = new Option<string>("--data") { Description = $"The test rows: {DataArgument.Forms}.", Required = true };
        var prepare = new Option<string?>("--prepare")
        {
            Description = $"How photographs become the input: {Preparations.Names}; imagenet where left out.",
        };
        var batch = new Option<int>("--batch") { Description = "Rows a run.", DefaultValueFactory = _ => 50 };
        var limit = new Option<int>("--limit") { Description = "Judges the first rows only.", DefaultValueFactory = _ => int.MaxValue };
        var threads = ModelFile.Threads();
        var command = new Command("evaluate",
            "Judges a model on labelled data, on our engine and on ONNX Runtime side by side.\n\n" +
            "  servingstack evaluate deploy/models/fashion_resnet_int8/1/model.onnx --data fashion-mnist:DIR\n" +
            "  servingstack evaluate squeezenet1.1.onnx --data imagenet:images.zip --prepare caffe\n" +
            "  servingstack evaluate mobilenet_v1_0.25_224.onnx --data imagenet:images.zip --prepare minus-one-to-one")
        {
            model, data, prepare, batch, limit, threads,
        };
        command.SetAction(arguments =>
        {
            var output = arguments.InvocationConfiguration.Output;
            var size = arguments.GetValue(batch);
            if (size < 1) throw new UsageException($"--batch is {size}, expected 1 or more.");
            foreach (var whole in (bool[])[false, true])
            {
                var options = new EngineOptions { Threads = arguments.GetValue(threads), ForceOnnxRuntime = whole };
                using var compiled = CompiledModel.Load(arguments.GetValue(model)!, options);
                var rows = DataArgument.Open(arguments.GetValue(data)!, train: false, arguments.GetValue(prepare), compiled.Inputs[0]);
                var first = new FirstRows(rows, Math.Min(rows.Count, arguments.GetValue(limit)));
                output.WriteLine(Judge(compiled, first, size, whole ? "ONNX Runtime" : compiled.Platform));
            }
            return 0;
        });
        return command;
    }

    private static string Judge(CompiledModel model, FirstRows rows, int batch, string name)
    {
        var watch = Stopwatch.StartNew();
        var report = ProgressLine.Show($"evaluate on {name}", rows.Count, progress =>
            Evaluator.Run(model, rows, batch, new ProgressCall<int>(done => progress(done, ""))));
        return string.Create(CultureInfo.InvariantCulture,
            $"{name,-16} {ReportText.Of(report)}, {report.Rows / watch.Elapsed.TotalSeconds:0} rows/s with reading");
    }
}
