using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ServingStack.Cli.Products;
using ServingStack.Kernels;
using ServingStack.Kernels.Machine;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack kernels list</c>, <c>explain</c> and <c>bench</c>: what there is, what would be chosen, and how fast each is.</summary>
internal static class KernelsCommand
{
    private const double SecondsPerRow = 0.2;

    public static Command Create() => new("kernels", """
        Shows the kernel table, why a kernel is chosen, and how fast each one is.

          servingstack kernels list
          servingstack kernels explain 64x1024x1024 --precision int8
          servingstack kernels bench 64x1024x1024 --precision int4-weights
        """)
    {
        Subcommands =
        {
            List(),
            OfProduct("explain", "Says which kernel computes a matrix product, and why each better one was refused.", Explain),
            OfProduct("bench", "Times every kernel that can compute a matrix product, on one core; the chosen one is marked.", Bench),
        },
    };

    private static Command List()
    {
        var command = new Command("list", "Lists every kernel with packed weights, best first, and the instructions that it needs.");
        command.SetAction(arguments =>
        {
            var output = arguments.InvocationConfiguration.Output;
            output.WriteLine($"this machine: {MachineFeatures.Current.InstructionSet}");
            foreach (var row in KernelTable.Rows) output.WriteLine($"{row.Family,-12} {row.Name,-32} {row.InstructionSet}");
            return 0;
        });
        return command;
    }

    private static Command OfProduct(
        string name, string description, Action<ProductShape, IReadOnlyList<ProductTrial>, TextWriter> show)
    {
        var shape = new Argument<string>("shape") { Description = "MxNxK of a matrix product, for example 64x1024x1024." };
        var precision = new Option<string>("--precision")
        {
            Description = $"The numbers: {string.Join(", ", ProductPrecision.Names)}.",
            DefaultValueFactory = _ => "fp32",
        };
        var isa = new Option<InstructionSet?>("--isa") { Description = "Holds the selection to this level." };
        var command = new Command(name, description) { shape, precision, isa };
        command.SetAction(arguments =>
        {
            var product = ProductShape.Parse(arguments.GetValue(shape)!);
            var trials = ProductPrecision.Trials(arguments.GetValue(precision)!, product, arguments.GetValue(isa));
            show(product, trials, arguments.InvocationConfiguration.Output);
            return 0;
        });
        return command;
    }

    private static void Explain(ProductShape shape, IReadOnlyList<ProductTrial> trials, TextWriter output)
    {
        foreach (var trial in trials.Where(t => t.Refusal is not null)) output.WriteLine($"refused  {trial.Row,-32} {trial.Refusal}");
        var chosen = trials.Single(t => t.Refusal is null);
        using var memory = new TrialMemory();
        output.WriteLine($"chosen   {chosen.Row,-32} as {chosen.Bind(memory).KernelName}");
    }

    private static void Bench(ProductShape shape, IReadOnlyList<ProductTrial> trials, TextWriter output)
    {
        foreach (var trial in trials)
        {
            if (!trial.CanRun)
            {
                output.WriteLine($"  {trial.Row,-32} refused: {trial.Refusal}");
                continue;
            }
            using var memory = new TrialMemory();
            var kernel = trial.Bind(memory);
            var seconds = BestSeconds(kernel);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(trial.Refusal is null ? "*" : " ")} {kernel.KernelName,-32} {seconds * 1e6,12:0.00} µs {shape.Operations / seconds / 1e9,9:0.0} GOPS"));
        }
        output.WriteLine("* chosen. Best of many runs on one core.");
    }

    private static double BestSeconds(BoundKernel kernel)
    {
        var best = double.PositiveInfinity;
        var clock = Stopwatch.StartNew();
        do
        {
            var start = Stopwatch.GetTimestamp();
            kernel.Run(0, 1);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        while (clock.Elapsed.TotalSeconds < SecondsPerRow);
        return best;
    }
}
