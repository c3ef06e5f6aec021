using System.CommandLine;
using ServingStack.Kernels;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Benchmarks;

/// <summary><c>team</c>: kernels on one core and on a team of workers, in turns; and what handing over to the team costs.</summary>
internal static class TeamCommand
{
    private static readonly Report<TeamMeasurement> Report = new(
        ("family", row => row.Family),
        ("shape", row => row.Shape),
        ("kernel", row => row.Kernel),
        ("one core µs", row => Report<TeamMeasurement>.Number(row.OneCoreMicroseconds, "0.00")),
        ("team µs", row => Report<TeamMeasurement>.Number(row.TeamMicroseconds, "0.00")),
        ("times", row => Report<TeamMeasurement>.Number(row.Speedup, "0.00")));

    public static Command Create()
    {
        var filter = new Argument<string>("filter")
        {
            Description = "Only rows whose family or shape contains this.",
            DefaultValueFactory = _ => "64x1024x1024",
        };
        var workers = new Option<int>("--workers") { Description = "Workers; 0 = as many as there are cores." };
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 0.4 };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("team", "Time kernels on one core and on a team of workers.") { filter, workers, seconds, json };
        command.SetAction(parsed =>
        {
            using var team = new WorkerTeam(parsed.GetValue(workers));
            var workloads = WorkloadTable.All.Where(w => KernelsCommand.Matches(w, parsed.GetValue(filter)!)).ToArray();
            var rows = workloads.Select(workload => Measure(workload, team, parsed.GetValue(seconds)));
            var machine = MachineFeatures.Current;
            Report.Print(
                $"{machine.ProcessorName}, {machine.InstructionSet}, a team of {team.Size}, best of many, in turns",
                [Measure("hand-over", "nothing", new Nothing(team.Size), team, parsed.GetValue(seconds)), .. rows], parsed.GetValue(json));
        });
        return command;
    }

    private static TeamMeasurement Measure(KernelWorkload workload, WorkerTeam team, double seconds)
    {
        using var arena = new BenchmarkArena();
        return Measure(workload.Family, workload.Shape, workload.Bind(arena), team, seconds);
    }

    private static TeamMeasurement Measure(string family, string shape, BoundKernel kernel, WorkerTeam team, double seconds)
    {
        var best = InterleavedTimer.Best(seconds, () => kernel.Run(0, 1), () => team.Run(kernel));
        return new TeamMeasurement(family, shape, kernel.KernelName, best[0]!.Value * 1e6, best[1]!.Value * 1e6);
    }

    /// <summary>As many parts as asked for, and no work in them.</summary>
    private sealed class Nothing(int parts) : BoundKernel
    {
        public override string KernelName => "nothing";

        public override int MaxParts => parts;

        public override void Run(int part, int parts)
        {
        }
    }
}

/// <summary>One row of the report.</summary>
internal sealed record TeamMeasurement(string Family, string Shape, string Kernel, double OneCoreMicroseconds, double TeamMicroseconds)
{
    public double Speedup => OneCoreMicroseconds / TeamMicroseconds;
}
