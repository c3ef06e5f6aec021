using System.CommandLine;
using System.Globalization;
using ServingStack.Cli.Terminal;
using ServingStack.Compression.Embeddings;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Quantization;
using ServingStack.Compression.Reports;
using ServingStack.Compression.ValueAware;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack quantize MODEL</c>: a model in eight bits or fewer as ONNX, judged against the original.</summary>
internal static class QuantizeCommand
{
    private const string Teaching =
        "Brings a float model to few bits, judges it against the original, and reports the error of each layer.\n\n" +
        "int8: QuantizeLinear and DequantizeLinear in plain ONNX. value-aware: small numbers in --bits, the few large ones in 16 bits, as\n" +
        "functions in standard operators. Any ONNX Runtime runs either.\n\n" +
        "  servingstack quantize deploy/models/fashion_resnet/1/model.onnx --calibration fashion-mnist:DIR \\\n" +
        "    --output deploy/models/fashion_resnet_int8/1/model.onnx\n" +
        "  servingstack quantize resnet20.onnx --method value-aware --bits 4 --large 1% --calibration cifar10:DIR --output small.onnx";

    private sealed record Material(Graph Graph, ILabelledRows Calibration, int Rows, IReadOnlySet<string> Keep);

    public static Command Create()
    {
        var model = ModelFile.Argument();
        var method = new Option<string>("--method") { Description = "How to quantize.", DefaultValueFactory = _ => "int8" };
        method.AcceptOnlyFromAmong("int8", "value-aware");
        var data = new Option<string>("--calibration")
        {
            Description = $"Training rows that show the ranges of activations, and test rows that judge the result: {DataArgument.Forms}.",
            Required = true,
        };
        var output = new Option<string>("--output") { Description = "The file to write.", Required = true };
        var rows = new Option<int>("--rows") { Description = "Rows to calibrate on.", DefaultValueFactory = _ => 1000 };
        var keep = new Option<string[]>("--keep")
        {
            Description = "Nodes to leave in floats, by name.",
            AllowMultipleArgumentsPerToken = true,
        };
        var tables = new Option<int>("--tables")
        {
            Description = "Bits of embedding tables, 4 or 8, with a scale for each row; 0 leaves them in floats.",
            DefaultValueFactory = _ => 0,
        };
        var report = new Option<string?>("--report") { Description = "A folder to write report.md and report.json into." };
        var prepare = new Option<string?>("--prepare")
        {
            Description = $"How photographs become the input: {Preparations.Names}; imagenet where left out.",
        };
        var command = new Command("quantize", Teaching) { model, method, data, output, rows, keep, tables, report, prepare };
        var (int8, valueAware) = (new Int8Arguments(), new ValueAwareArguments());
        int8.AddTo(command);
        valueAware.AddTo(command);
        command.SetAction(arguments =>
        {
            var graph = OnnxReader.Load(arguments.GetValue(model)!);
            ILabelledRows Rows(bool train) =>
                DataArgument.Open(arguments.GetValue(data)!, train, arguments.GetValue(prepare), InputOf(graph));
            var (few, eight) = (valueAware.Options(arguments), int8.Options(arguments));
            var (names, count) = ((arguments.GetValue(keep) ?? []).ToHashSet(), RowCount(arguments.GetValue(rows)));
            CheckNames(graph, names);
            var tableBits = TableBits(arguments.GetValue(tables));
            var material = new Material(graph, Rows(train: true), count, names);
            var text = arguments.InvocationConfiguration.Output;
            var (quantized, layers) = arguments.GetValue(method) == "int8" ? Int8(material, eight, text) : ValueAware(material, few, text);
            if (tableBits is { } bits) quantized = EmbeddingQuantizer.Quantize(quantized, bits).Graph;
            var path = ModelFile.Prepared(arguments.GetValue(output)!);
            var judged = Judge(graph, quantized, Rows(train: false), layers);
            Describe(quantized, arguments.GetValue(model)!, arguments.GetValue(data)!, arguments.GetValue(method)!, judged.Quantized);
            OnnxWriter.Save(quantized, path);
            judged = judged with { ExactBytes = new FileInfo(arguments.GetValue(model)!).Length, Bytes = new FileInfo(path).Length };
            if (arguments.GetValue(report) is { } folder) WriteReport(folder, judged);
            Print(text, judged, path);
            return 0;
        });
        return command;
    }

    private static int RowCount(int rows) => rows > 0 ? rows : throw new UsageException("--rows must be 1 or more.");

    private static int? TableBits(int bits) => bits switch
    {
        0 => null,
        4 or 8 => bits,
        _ => throw new UsageException($"--tables is {bits}, expected 4 or 8, or 0 to leave tables in floats."),
    };

    private static (Graph, IReadOnlyList<QuantizedLayer>) Int8(Material material, Int8Options options, TextWriter text)
    {
        var result = Int8Quantizer.Quantize(material.Graph, material.Calibration,
            options with { CalibrationRows = material.Rows, Keep = material.Keep });
        text.WriteLine($"on integers: {string.Join(", ", result.Quantized)}");
        text.WriteLine($"in floats:   {string.Join(", ", result.KeptInFloat)}");
        return (result.Graph, QuantizedLayer.Of(result));
    }

    private static (Graph, IReadOnlyList<QuantizedLayer>) ValueAware(Material material, ValueAwareOptions options, TextWriter text)
    {
        var result = ValueAwareQuantizer.Quantize(material.Graph, material.Calibration,
            options with { CalibrationRows = material.Rows, Keep = material.Keep });
        text.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{result.Layers.Count} layers of {result.BitsPerWeight:0.00} bits a weight, scales, places and large weights included"));
        return (result.Graph, QuantizedLayer.Of(result));
    }

    private static void CheckNames(Graph graph, IReadOnlySet<string> keep)
    {
        if (keep.FirstOrDefault(name => graph.Nodes.All(n => n.Name != name)) is { } unknown)
            throw new UsageException($"--keep names '{unknown}', which is no node of '{graph.Name}'; 'servingstack inspect' lists them.");
    }

    private static TensorSpec InputOf(Graph graph) => new(graph.Inputs[0].Name, graph.Inputs[0].ElementType, graph.Inputs[0].Shape!);

    private static QuantizationReport Judge(Graph exact, Graph quantized, ILabelledRows rows, IReadOnlyList<QuantizedLayer> layers)
    {
        var (before, after) = (Scores(exact, rows), Scores(quantized, rows));
        // A model of a fixed batch leaves out the rows that do not fill one.
        var width = Evaluator.WidthOf(exact.Outputs[0].Name, exact.Outputs[0].Shape!);
        var judged = new FirstRows(rows, before.Length / width);
        return new(exact.Name, quantized.Metadata["quantization"], Evaluator.Judge(before, judged, width),
            Evaluator.Judge(after, judged, width), AccuracyChange.Of(before, after, judged), 0, 0, layers);
    }

    /// <summary>On ONNX Runtime: what the file is worth on any machine.</summary>
    private static float[] Scores(Graph graph, ILabelledRows rows)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true });
        return Evaluator.Scores(model, rows);
    }

    private static void Print(TextWriter text, QuantizationReport report, string path)
    {
        foreach (var layer in report.Layers.OrderBy(l => l.SignalToNoise).Take(3))
            text.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"shadow error of {layer.OpType} {layer.Name}: {layer.SignalToNoise:0.0} dB"));
        text.WriteLine($"fp32  {ReportText.Of(report.Exact)}");
        text.WriteLine($"quantized  {ReportText.Of(report.Quantized)}, {QuantizationMarkdown.Points(report.Change)} points");
        text.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {report.Bytes} bytes, {(double)report.Bytes / report.ExactBytes:0.000} of the original"));
    }

    private static void WriteReport(string folder, QuantizationReport report)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "report.md"), QuantizationMarkdown.Write(report));
        File.WriteAllText(Path.Combine(folder, "report.json"), report.ToJson());
    }

    private static void Describe(Graph graph, string source, string data, string method, EvaluationReport report)
    {
        var kind = data[..data.IndexOf(':', StringComparison.Ordinal)];
        graph.Metadata["command"] = $"{graph.Metadata.GetValueOrDefault("command", source)}; servingstack quantize " +
            $"{(method == "int8" ? "" : $"--method {method} ")}--calibration {kind}:DIR";
        graph.Metadata["accuracy"] = report.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);
        if (report.AreaUnderCurve is { } area) graph.Metadata["auc"] = area.ToString("0.0000", CultureInfo.InvariantCulture);
    }
}
