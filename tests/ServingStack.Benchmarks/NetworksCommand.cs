using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Kernels.Machine;
using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary><c>networks</c>: whole ONNX files on our engine and on ONNX Runtime, one thread each, in turns in the same run.</summary>
internal static class NetworksCommand
{
    private static readonly Report<NetworkMeasurement> Report = new(
        ("network", row => row.Network),
        ("precision", row => row.Precision),
        ("batch", row => $"{row.Batch}"),
        ("ms", row => Report<NetworkMeasurement>.Number(row.Milliseconds, "0.0000")),
        ("ORT ms", row => Report<NetworkMeasurement>.Number(row.OrtMilliseconds, "0.0000")),
        ("x ORT", row => Report<NetworkMeasurement>.Number(row.Ratio, "0.00")),
        ("plan ms", row => Report<NetworkMeasurement>.Number(row.PlanMilliseconds, "0.0")),
        ("steps", row => $"{row.Steps}"),
        ("on ORT", row => $"{row.FallbackSteps}"));

    public static Command Create()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "Only networks whose name contains this.",
            DefaultValueFactory = _ => "",
        };
        var model = new Option<string[]>("--model")
        {
            Description = "An ONNX file; may be given more than once. Default: all of deploy/models.",
            AllowMultipleArgumentsPerToken = true,
        };
        var batch = new Option<int[]>("--batch")
        {
            Description = "Batches to run at.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1],
        };
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 3 };
        var steps = new Option<bool>("--steps") { Description = "Also print the steps that took longest." };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("networks", "Time networks, one thread.") { filter, model, batch, seconds, steps, json };
        command.SetAction(parsed =>
        {
            var paths = parsed.GetValue(model) is { Length: > 0 } given ? given : SampleModels();
            var runs =
                from path in paths
                where NameOf(path).Contains(parsed.GetValue(filter)!, StringComparison.Ordinal)
                from size in parsed.GetValue(batch) ?? [1]
                select (path, size);
            return Run([.. runs], parsed.GetValue(seconds), parsed.GetValue(steps), parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>The sample models at batch 1.</summary>
    public static int RunSamples(double seconds) =>
        Run([.. SampleModels().Select(path => (path, 1))], seconds, printSteps: false, json: null);

    private static int Run(IReadOnlyList<(string Path, int Batch)> runs, double seconds, bool printSteps, FileInfo? json)
    {
        if (runs.Count == 0)
        {
            Console.Error.WriteLine("No network matches. Leave the filter out to see all.");
            return 1;
        }
        var machine = MachineFeatures.Current;
        Report.Print(
            $"{machine.ProcessorName}, {machine.InstructionSet}, one thread, best of many, in turns",
            Progress.Over("networks", runs, run => NameOf(run.Path), run => Measure(run.Path, run.Batch, seconds, printSteps)), json);
        return 0;
    }

    private static string[] SampleModels()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var models = Path.Combine(folder.FullName, "deploy", "models");
            if (Directory.Exists(models)) return [.. Directory.EnumerateFiles(models, "model.onnx", SearchOption.AllDirectories).Order()];
        }
        throw new FileNotFoundException("There is no deploy/models above the program. Name a file with --model.");
    }

    private static NetworkMeasurement Measure(string path, int batch, double seconds, bool printSteps)
    {
        using var compiled = CompiledModel.Load(path, new EngineOptions { Threads = 1 });
        using var session = compiled.CreateSession();
        var start = Stopwatch.GetTimestamp();
        var plan = session.PlanFor([.. compiled.Inputs.Select(input => Concrete(input, batch))]);
        var planned = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        FillInputs(compiled, plan);
        using var peer = new OnnxRuntimePeer(File.ReadAllBytes(path), batch);
        var best = InterleavedTimer.Best(seconds, plan.Run, peer.Run);
        if (printSteps) PrintSteps(plan);
        return new NetworkMeasurement(
            NameOf(path), PrecisionOf(plan), batch, best[0]!.Value * 1e3, best[1]!.Value * 1e3, planned, plan.Steps.Count,
            plan.Steps.Count(step => step.Backend != PlanStep.KernelsBackend));
    }

    private static long[] Concrete(TensorSpec input, int batch) => [.. input.Shape.Select(d => d.IsFixed ? d.Value : batch)];

    private static void FillInputs(CompiledModel model, Plan plan)
    {
        var random = new Random(31);
        for (var i = 0; i < plan.InputCount; i++)
            if (model.Inputs[i].ElementType == ElementType.Float32)
                Numbers.Fill(random, MemoryMarshal.Cast<byte, float>(plan.Input(i)));
    }

    // Repository files are all called model.onnx: their name is that of the folder above the version.
    private static string NameOf(string path)
    {
        var file = Path.GetFileNameWithoutExtension(path);
        return file == "model" ? new FileInfo(path).Directory?.Parent?.Name ?? file : file;
    }

    private static string PrecisionOf(Plan plan) => plan.Steps.Any(step => step.Precision == "int8") ? "int8" : "fp32";

    private static void PrintSteps(Plan plan)
    {
        plan.Run();
        var ticks = plan.StepTicks.ToArray();
        var table = new Table().Border(TableBorder.Simple).AddColumns("step", "operator", "kernel", "shapes");
        foreach (var name in (string[])["µs", "GOPS"]) table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var (step, time) in plan.Steps.Zip(ticks).OrderByDescending(pair => pair.Second).Take(40))
        {
            var microseconds = time * 1e6 / Stopwatch.Frequency;
            table.AddRow(
                Markup.Escape(step.Name), step.OpType, step.Kernel, Markup.Escape(step.Shapes), Number(microseconds, "0.0"),
                Number(step.Flops / microseconds / 1e3, "0"));
        }
        AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(table);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
