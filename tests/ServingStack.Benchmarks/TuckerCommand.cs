using System.CommandLine;
using ServingStack.Kernels;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Tucker;

namespace ServingStack.Benchmarks;

/// <summary>
/// <c>tucker</c>: VGG-16's layers as they were, after a Tucker decomposition as one kernel, and as three kernels one after another: how
/// much of what the decomposition saves in multiply-adds it saves in time.
/// </summary>
internal static class TuckerCommand
{
    private static readonly Report<TuckerMeasurement> Report = new(
        ("block", row => row.Block),
        ("precision", row => row.Precision),
        ("layer by", row => row.LayerKernel),
        ("layer µs", row => Report<TuckerMeasurement>.Number(row.LayerMicroseconds, "0.0")),
        ("one kernel µs", row => Report<TuckerMeasurement>.Number(row.FusedMicroseconds, "0.0")),
        ("three kernels µs", row => Report<TuckerMeasurement>.Number(row.SeparateMicroseconds, "0.0")),
        ("fewer multiply-adds", row => Report<TuckerMeasurement>.Number(row.WorkRatio, "0.00")),
        ("faster", row => Report<TuckerMeasurement>.Number(row.TimeRatio, "0.00")),
        ("of it in time", row => Report<TuckerMeasurement>.Number(row.TimeRatio / row.WorkRatio, "0.00")));

    public static Command Create()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "Only blocks whose name contains this.",
            DefaultValueFactory = _ => "",
        };
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 0.4 };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("tucker", "Time Tucker blocks against the layers that they replace, one core.") { filter, seconds, json };
        command.SetAction(parsed =>
        {
            var blocks = TuckerWorkloads.Problems.Where(b => b.Name.Contains(parsed.GetValue(filter)!, StringComparison.Ordinal)).ToArray();
            var rows = Progress.Over("tucker", blocks, b => b.Name, block => Measure(block.Name, block.Problem, parsed.GetValue(seconds)));
            var machine = MachineFeatures.Current;
            Report.Print(
                $"{machine.ProcessorName}, {machine.InstructionSet}, one core, best of many, in turns", rows, parsed.GetValue(json));
        });
        return command;
    }

    private static TuckerMeasurement Measure(string name, TuckerProblem problem, double seconds)
    {
        using var arena = new BenchmarkArena();
        var layer = problem.Core with { InputChannels = problem.Reduce.InputChannels, OutputChannels = problem.Expand.OutputChannels };
        var whole = Bind(arena, [layer]);
        var separate = Bind(arena, [problem.Reduce, problem.Core, problem.Expand]);
        var fused = TuckerWorkloads.Bind(arena, problem);
        var best = InterleavedTimer.Best(seconds, () => fused.Run(0, 1), () => RunAll(separate), () => RunAll(whole));
        return new TuckerMeasurement(
            name, problem.Core.Input == DataType.Float32 ? "fp32" : "int8", whole[0].KernelName, best[2]!.Value * 1e6, best[0]!.Value * 1e6,
            best[1]!.Value * 1e6, (double)MultiplyAdds(layer) / problem.MultiplyAdds);
    }

    // Each reads what the one before it stores.
    private static BoundKernel[] Bind(BenchmarkArena arena, ConvolutionProblem[] problems)
    {
        var bound = new BoundKernel[problems.Length];
        var input = TuckerWorkloads.InputOf(arena, problems[0]);
        for (var i = 0; i < problems.Length; i++)
        {
            var p = problems[i];
            var output = arena.Empty((long)p.OutputHeight * p.OutputWidth * p.OutputChannels * p.Epilogue.Output.Size());
            var packed = arena.Own(KernelTable.Select(p).Chosen.Pack(p, TuckerWorkloads.WeightsOf(p)));
            bound[i] = packed.Bind(new ConvolutionOperands(1, input, output));
            input = output;
        }
        return bound;
    }

    private static void RunAll(BoundKernel[] kernels)
    {
        foreach (var kernel in kernels) kernel.Run(0, 1);
    }

    private static long MultiplyAdds(ConvolutionProblem p) =>
        (long)p.InputChannels * p.OutputChannels * p.KernelHeight * p.KernelWidth * p.OutputHeight * p.OutputWidth;
}

/// <summary>One row of the report.</summary>
internal sealed record TuckerMeasurement(
    string Block, string Precision, string LayerKernel, double LayerMicroseconds, double FusedMicroseconds, double SeparateMicroseconds,
    double WorkRatio)
{
    /// <summary>The layer's time to that of the better way through the block.</summary>
    public double TimeRatio => LayerMicroseconds / Math.Min(FusedMicroseconds, SeparateMicroseconds);
}
