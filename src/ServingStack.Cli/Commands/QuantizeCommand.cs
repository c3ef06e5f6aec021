using System.CommandLine;
using System.Globalization;
using ServingStack.Cli.Terminal;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack quantize MODEL</c>: a model in eight bits as plain ONNX, judged against the original.</summary>
internal static class QuantizeCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var method = new Option<string>("--method") { Description = "How to quantize.", DefaultValueFactory = _ => "int8" };
        method.AcceptOnlyFromAmong("int8");
        var data = new Option<string>("--calibration")
        {
            Description = $"Training rows that show the ranges of activations, and test rows that judge the result: {DataArgument.Forms}.",
            Required = true,
        };
        var output = new Option<string>("--output") { Description = "The file to write.", Required = true };
        var rows = new Option<int>("--rows") { Description = "Rows to calibrate on.", DefaultValueFactory = _ => 1000 };
        var ranges = new Option<RangeMethod>("--ranges")
        {
            Description = "How ranges are chosen.",
            DefaultValueFactory = _ => RangeMethod.MinimumError,
        };
        var keepFirst = new Option<bool>("--keep-first") { Description = "Leaves the first layer in floats." };
        var keepLast = new Option<bool>("--keep-last") { Description = "Leaves the last layer in floats." };
        var keep = new Option<string[]>("--keep")
        {
            Description = "Nodes to leave in floats, by name.",
            AllowMultipleArgumentsPerToken = true,
        };
        var prepare = new Option<string?>("--prepare")
        {
            Description = $"How photographs become the input: {Preparations.Names}; imagenet where left out.",
        };
        var command = new Command("quantize",
            "Brings a float model to eight bits: QuantizeLinear and DequantizeLinear in plain ONNX, which any ONNX Runtime runs.\n\n" +
            "  servingstack quantize deploy/models/fashion_resnet/1/model.onnx --calibration fashion-mnist:DIR \\\n" +
            "    --output deploy/models/fashion_resnet_int8/1/model.onnx")
        {
            model, method, data, output, rows, ranges, keepFirst, keepLast, keep, prepare,
        };
        command.SetAction(arguments =>
        {
            var graph = OnnxReader.Load(arguments.GetValue(model)!);
            var options = new Int8Options
            {
                Ranges = arguments.GetValue(ranges),
                CalibrationRows = arguments.GetValue(rows) is > 0 and var count ? count
                    : throw new UsageException("--rows must be 1 or more."),
                KeepFirst = arguments.GetValue(keepFirst),
                KeepLast = arguments.GetValue(keepLast),
                Keep = (arguments.GetValue(keep) ?? []).ToHashSet(),
            };
            CheckNames(graph, options.Keep);
            ILabelledRows Rows(bool train) =>
                DataArgument.Open(arguments.GetValue(data)!, train, arguments.GetValue(prepare), InputOf(graph));
            var result = Int8Quantizer.Quantize(graph, Rows(train: true), options);
            var (before, after) = (Judge(graph, Rows(train: false)), Judge(result.Graph, Rows(train: false)));
            Describe(result.Graph, arguments.GetValue(model)!, arguments.GetValue(data)!, after);
            var path = ModelFile.Prepared(arguments.GetValue(output)!);
            OnnxWriter.Save(result.Graph, path);

            var text = arguments.InvocationConfiguration.Output;
            text.WriteLine($"on integers: {string.Join(", ", result.Quantized)}");
            text.WriteLine($"in floats:   {string.Join(", ", result.KeptInFloat)}");
            text.WriteLine($"fp32  {ReportText.Of(before)}");
            text.WriteLine($"int8  {ReportText.Of(after)}");
            text.WriteLine($"{path}: {new FileInfo(path).Length} bytes");
            return 0;
        });
        return command;
    }

    private static void CheckNames(Graph graph, IReadOnlySet<string> keep)
    {
        if (keep.FirstOrDefault(name => graph.Nodes.All(n => n.Name != name)) is { } unknown)
            throw new UsageException($"--keep names '{unknown}', which is no node of '{graph.Name}'; 'servingstack inspect' lists them.");
    }

    private static TensorSpec InputOf(Graph graph) => new(graph.Inputs[0].Name, graph.Inputs[0].ElementType, graph.Inputs[0].Shape!);

    /// <summary>On ONNX Runtime: what the file is worth on any machine.</summary>
    private static EvaluationReport Judge(Graph graph, ILabelledRows rows)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true });
        return Evaluator.Run(model, rows);
    }

    private static void Describe(Graph graph, string source, string data, EvaluationReport report)
    {
        var kind = data[..data.IndexOf(':', StringComparison.Ordinal)];
        graph.Metadata["command"] =
            $"{graph.Metadata.GetValueOrDefault("command", source)}; servingstack quantize --calibration {kind}:DIR";
        graph.Metadata["accuracy"] = report.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);
        if (report.AreaUnderCurve is { } area) graph.Metadata["auc"] = area.ToString("0.0000", CultureInfo.InvariantCulture);
    }
}
