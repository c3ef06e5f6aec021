using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ServingStack.Graphs.Onnx;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;
using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary><c>kernels</c>: shapes of GEMMs and convolutions on one core, against the peak and ONNX Runtime of the same run.</summary>
internal static class KernelsCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        var shape = new Option<string?>("--shape") { Description = "One GEMM, as MxNxK, instead of the table." };
        shape.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && ParseShape(text) is null)
                result.AddError($"--shape {text} is not MxNxK, for example 64x1024x1024.");
        });
        var family = new Option<string?>("--family")
        {
            Description = "gemm-int8, gemm-int8-s32, gemm-fp32, convolution-int8, convolution-fp32, or a beginning.",
        };
        var filter = new Option<string?>("--filter") { Description = "Only shapes whose name contains this." };
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 0.4 };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("kernels", "Time kernels, one core.") { shape, family, filter, seconds, json };
        command.SetAction(parsed =>
        {
            var workloads = Workloads(parsed.GetValue(shape))
                .Where(w => w.Family.StartsWith(parsed.GetValue(family) ?? "", StringComparison.Ordinal))
                .Where(w => w.Shape.Contains(parsed.GetValue(filter) ?? "", StringComparison.Ordinal))
                .ToArray();
            if (workloads.Length == 0)
            {
                Console.Error.WriteLine("No shape matches. Leave out --family or --filter to see what there is.");
                return 1;
            }
            var rows = workloads.Select(workload => Measure(workload, parsed.GetValue(seconds))).ToArray();
            Print(rows);
            if (parsed.GetValue(json) is { } file) File.WriteAllText(file.FullName, JsonSerializer.Serialize(rows, Indented));
            return 0;
        });
        return command;
    }

    private static IEnumerable<KernelWorkload> Workloads(string? shape) => shape is null
        ? [.. GemmWorkloads.Create(only: null), .. ConvolutionWorkloads.Create()]
        : GemmWorkloads.Create(ParseShape(shape));

    private static (int M, int N, int K)? ParseShape(string text)
    {
        var numbers = text.Split('x').Select(part => int.TryParse(part, out var number) && number > 0 ? number : 0).ToArray();
        return numbers is [> 0, > 0, > 0] ? (numbers[0], numbers[1], numbers[2]) : null;
    }

    private static KernelMeasurement Measure(KernelWorkload workload, double seconds)
    {
        using var arena = new BenchmarkArena();
        var kernel = workload.Bind(arena);
        using var peer = new OnnxRuntimePeer(OnnxWriter.ToBytes(workload.Graph()));
        using var peak = PeakOf(workload);
        var best = InterleavedTimer.Best(seconds, [() => kernel.Run(0, 1), peer.Run, .. peak is null ? Array.Empty<Action>() : [peak.Run]]);
        return new KernelMeasurement(
            workload.Family, workload.Shape, kernel.KernelName,
            best[0] * 1e6, workload.Operations / best[0] / 1e9, peak?.OperationsPerRun / best[^1] / 1e9, best[1] * 1e6);
    }

    private static PeakThroughput? PeakOf(KernelWorkload workload) =>
        MachineFeatures.Current.InstructionSet >= PeakThroughput.Needs(workload.Quantized) ? new PeakThroughput(workload.Quantized) : null;

    private static void Print(KernelMeasurement[] rows)
    {
        var machine = MachineFeatures.Current;
        AnsiConsole.WriteLine($"{machine.ProcessorName}, {machine.InstructionSet}, one core, best of many, in turns");
        var table = new Table().Border(TableBorder.Simple).AddColumns("family", "shape", "kernel");
        foreach (var name in (string[])["µs", "GOPS", "of peak", "ORT µs", "x ORT"]) table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var row in rows)
            table.AddRow(
                row.Family, row.Shape, row.Kernel, Number(row.Microseconds, "0.00"), Number(row.Gops, "0"),
                row.PeakFraction is { } fraction ? Number(fraction, "0.00") : "",
                Number(row.OrtMicroseconds, "0.00"), Number(row.Ratio, "0.00"));
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 140);
        AnsiConsole.Write(table);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
