using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary><c>networks</c>: whole ONNX files on our engine and on ONNX Runtime, one thread each, in turns in the same run.</summary>
internal static class NetworksCommand
{
    private static readonly Report<NetworkMeasurement> Report = new(
        ("network", row => row.Network),
        ("precision", row => row.Precision),
        ("agrees", row => row.Agrees ? "yes" : "no"),
        ("batch", row => $"{row.Batch}"),
        ("ms", row => Report<NetworkMeasurement>.Number(row.Milliseconds, "0.0000")),
        ("ORT ms", row => Report<NetworkMeasurement>.Number(row.OrtMilliseconds, "0.0000")),
        ("x ORT", row => Report<NetworkMeasurement>.Number(row.Ratio, "0.00")),
        ("plan ms", row => Report<NetworkMeasurement>.Number(row.PlanMilliseconds, "0.0")),
        ("steps", row => $"{row.Steps}"),
        ("on ORT", row => $"{row.FallbackSteps}"),
        ("error", row => Report<NetworkMeasurement>.Number(row.RelativeError, "0.0e+0")),
        ("in step", row => Report<NetworkMeasurement>.Number(row.WithinStep, "0.0000")),
        ("of ORT", row => Report<NetworkMeasurement>.Number(row.WithinStepOfOrt, "0.0000")),
        ("ORT in step", row => Report<NetworkMeasurement>.Number(row.OrtWithinStep, "0.0000")));

    public static Command Create()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "Only networks whose name contains this; the whole name of a network of the zoo takes that one alone.",
            DefaultValueFactory = _ => "",
        };
        var model = new Option<string[]>("--model")
        {
            Description = "An ONNX file instead; may be given more than once.",
            AllowMultipleArgumentsPerToken = true,
        };
        var precision = new Option<string>("--precision") { Description = "Only fp32 or int8.", DefaultValueFactory = _ => "" };
        precision.AcceptOnlyFromAmong("", "fp32", "int8");
        var batch = new Option<int[]>("--batch")
        {
            Description = "Batches to run at.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 8],
        };
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 3 };
        var steps = new Option<bool>("--steps") { Description = "Also print the steps that took longest." };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("networks", "Time networks, one thread.") { filter, model, precision, batch, seconds, steps, json };
        command.SetAction(parsed =>
        {
            var files = parsed.GetValue(model) is { Length: > 0 } given ? NetworkFile.Of(given)
                : NetworkFile.Matching(parsed.GetValue(filter)!, parsed.GetValue(precision)!);
            var runs = from file in files from size in parsed.GetValue(batch) ?? [1] select (file, size);
            return Run([.. runs], parsed.GetValue(seconds), parsed.GetValue(steps), parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>The sample models at batch 1.</summary>
    public static int RunSamples(double seconds) =>
        Run([.. NetworkFile.Samples().Select(file => (file, 1))], seconds, printSteps: false, json: null);

    private static int Run(IReadOnlyList<(NetworkFile File, int Batch)> runs, double seconds, bool printSteps, FileInfo? json)
    {
        if (runs.Count == 0)
        {
            Console.Error.WriteLine("No network matches. Leave the filter out to see all.");
            return 1;
        }
        var machine = MachineFeatures.Current;
        var rows = Progress.Over("networks", runs, run => run.File.Network, run => Measure(run.File, run.Batch, seconds, printSteps));
        Report.Print($"{machine.ProcessorName}, {machine.InstructionSet}, one thread, best of many, in turns", rows, json);
        GeometricMeans.Print(rows);
        return 0;
    }

    private static NetworkMeasurement Measure(NetworkFile file, int batch, double seconds, bool printSteps)
    {
        var path = file.Path();
        using var compiled = CompiledModel.Load(path, new EngineOptions { Threads = 1 });
        using var session = compiled.CreateSession();
        var start = Stopwatch.GetTimestamp();
        var plan = session.PlanFor([.. compiled.Inputs.Select(input => Concrete(input, batch))]);
        var planned = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        FillInputs(compiled, plan, file.Ids);
        var bytes = File.ReadAllBytes(path);
        var literal = OutputsOf(bytes, plan, batch);
        using var peer = new OnnxRuntimePeer(bytes, batch);
        CopyInputs(plan, peer);
        var best = InterleavedTimer.Best(seconds, plan.Run, peer.Run);
        var (answers, peers) = (Agreement.OutputsOf(compiled, plan), peer.Outputs());
        if (printSteps) StepTable.Print(plan);
        return new NetworkMeasurement(
            file.Network, PrecisionOf(plan), batch, best[0]!.Value * 1e3, best[1]!.Value * 1e3, planned, plan.Steps.Count,
            plan.Steps.Count(step => step.Backend != PlanStep.KernelsBackend),
            Agreement.Of(literal, answers), Agreement.Of(peers, answers), Agreement.Of(literal, peers));
    }

    private static List<float[]> OutputsOf(byte[] model, Plan plan, int batch)
    {
        using var literal = new OnnxRuntimePeer(model, batch, literal: true);
        CopyInputs(plan, literal);
        literal.Run();
        return literal.Outputs();
    }

    private static long[] Concrete(TensorSpec input, int batch) => [.. input.Shape.Select(d => d.IsFixed ? d.Value : batch)];

    private static void FillInputs(CompiledModel model, Plan plan, int ids)
    {
        var random = new Random(31);
        for (var i = 0; i < plan.InputCount; i++)
            if (model.Inputs[i].ElementType == ElementType.Float32)
                Numbers.Fill(random, MemoryMarshal.Cast<byte, float>(plan.Input(i)));
            else if (model.Inputs[i].ElementType == ElementType.Int64)
                foreach (ref var id in MemoryMarshal.Cast<byte, long>(plan.Input(i))) id = random.Next(ids);
    }

    private static void CopyInputs(Plan plan, OnnxRuntimePeer peer)
    {
        for (var i = 0; i < plan.InputCount; i++) plan.Input(i).CopyTo(peer.Input(i));
    }

    private static string PrecisionOf(Plan plan) => plan.Steps.Any(step => step.Precision == "int8") ? "int8" : "fp32";
}
