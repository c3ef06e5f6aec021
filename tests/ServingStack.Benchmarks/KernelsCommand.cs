using System.CommandLine;
using ServingStack.Graphs.Onnx;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary><c>kernels</c>: kernels of all families on one core, against the machine's limit and ONNX Runtime of the same run.</summary>
internal static class KernelsCommand
{
    private static readonly Report<KernelMeasurement> Report = new(
        ("family", row => row.Family),
        ("shape", row => row.Shape),
        ("kernel", row => row.Kernel),
        ("µs", row => Report<KernelMeasurement>.Number(row.Microseconds, "0.00")),
        ("GOPS", row => Report<KernelMeasurement>.Number(row.Gops, "0")),
        ("of limit", row => Report<KernelMeasurement>.Number(row.PeakFraction, "0.00")),
        ("ORT µs", row => Report<KernelMeasurement>.Number(row.OrtMicroseconds, "0.00")),
        ("x ORT", row => Report<KernelMeasurement>.Number(row.OrtRatio, "0.00")));

    public static Command Create()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "Only rows whose family or shape contains this; families: "
                + string.Join(", ", WorkloadTable.All.Select(w => w.Family).Distinct()) + ".",
            DefaultValueFactory = _ => "",
        };
        var shape = new Option<string?>("--shape") { Description = "One GEMM, as MxNxK, instead of the table." };
        shape.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && ParseShape(text) is null)
                result.AddError($"--shape {text} is not MxNxK, for example 64x1024x1024.");
        });
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 0.4 };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("kernels", "Time kernels, one core.") { filter, shape, seconds, json };
        command.SetAction(parsed =>
        {
            var workloads = (parsed.GetValue(shape) is { } text ? WorkloadTable.Gemm(ParseShape(text)!.Value) : WorkloadTable.All)
                .Where(workload => Matches(workload, parsed.GetValue(filter)!))
                .ToArray();
            if (workloads.Length == 0)
            {
                Console.Error.WriteLine($"No family and no shape contains '{parsed.GetValue(filter)}'. Leave the filter out to see all.");
                return 1;
            }
            return Run(workloads, parsed.GetValue(seconds), parsed.GetValue(json));
        });
        return command;
    }

    public static int Run(IReadOnlyList<KernelWorkload> workloads, double seconds, FileInfo? json)
    {
        var machine = MachineFeatures.Current;
        var rows = Progress.Over("kernels", workloads, w => $"{w.Family} {w.Shape}", workload => Measure(workload, seconds));
        Report.Print($"{machine.ProcessorName}, {machine.InstructionSet}, one core, best of many, in turns", rows, json);
        foreach (var family in rows.GroupBy(row => row.Family).Where(family => family.Count() > 1)) PrintMeans(family.Key, [.. family]);
        return 0;
    }

    private static void PrintMeans(string family, KernelMeasurement[] rows)
    {
        var limits = Mean(rows.Select(row => row.PeakFraction));
        var ratios = Mean(rows.Select(row => row.OrtRatio));
        Console.WriteLine(
            $"{family}, geometric mean of {rows.Length}: {limits} of the limit" + (ratios.Length > 0 ? $", {ratios} times ONNX Runtime" : ""));
    }

    private static string Mean(IEnumerable<double?> values)
    {
        var known = values.OfType<double>().ToArray();
        return known.Length == 0 ? "" : Report<KernelMeasurement>.Number(Math.Exp(known.Average(Math.Log)), "0.000");
    }

    public static bool Matches(KernelWorkload workload, string filter) =>
        workload.Family.Contains(filter, StringComparison.Ordinal) || workload.Shape.Contains(filter, StringComparison.Ordinal);

    private static (int M, int N, int K)? ParseShape(string text)
    {
        var numbers = text.Split('x').Select(part => int.TryParse(part, out var number) && number > 0 ? number : 0).ToArray();
        return numbers is [> 0, > 0, > 0] ? (numbers[0], numbers[1], numbers[2]) : null;
    }

    private static KernelMeasurement Measure(KernelWorkload workload, double seconds)
    {
        using var arena = new BenchmarkArena();
        var kernel = workload.Bind(arena);
        using var peak = Peak.For(workload, kernel.KernelName);
        using var peer = workload.Graph is { } graph ? new OnnxRuntimePeer(OnnxWriter.ToBytes(graph())) : null;
        Action?[] contenders = [() => kernel.Run(0, 1), peak is null ? null : peak.Run, peer is null ? null : peer.Run];
        var best = InterleavedTimer.Best(seconds, contenders);
        return new KernelMeasurement(
            workload.Family, workload.Shape, best[0]!.Value * 1e6, workload.Operations / best[0]!.Value / 1e9,
            workload.LimitedWork / best[0] / (peak?.Work / best[1]), best[2] * 1e6, kernel.KernelName);
    }
}
