using System.CommandLine;
using System.Text.Json;
using ServingStack.Cli.Terminal;
using ServingStack.Training.Compressing;
using ServingStack.Training.Reports;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack curve REPORT...</c>: the learning curves of several compressions in one plot.</summary>
internal static class CurveCommand
{
    public static Command Create()
    {
        var reports = new Argument<string[]>("reports") { Description = "The report.json of each run.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--output") { Description = "The SVG file to write.", Required = true };
        var command = new Command("curve",
            "Draws accuracy over the epochs of several compressions, and the original's accuracy, as SVG.\n\n" +
            "  servingstack curve models/resnet20/1/report.json models/resnet20_control/1/report.json --output curve.svg")
        {
            reports, output,
        };
        command.SetAction(arguments =>
        {
            var runs = arguments.GetValue(reports)!.Select(Read).ToArray();
            var file = ModelFile.Prepared(arguments.GetValue(output)!);
            File.WriteAllText(file, Plots.Curves([.. runs.Select(r => (r.Model, r.Curve))], runs[0].Accuracy!.Original));
            arguments.InvocationConfiguration.Output.WriteLine($"{file}: {new FileInfo(file).Length} bytes");
            return 0;
        });
        return command;
    }

    private static CompressionReport Read(string path)
    {
        try
        {
            var report = JsonReport.Read(File.ReadAllText(path));
            return report is { Curve.Count: > 1, Accuracy: not null } ? report
                : throw new UsageException($"'{path}' tells of no epochs: only compressions with --data are tuned.");
        }
        catch (JsonException e)
        {
            throw new UsageException($"'{path}' is no report of 'servingstack compress' ({e.Message}): name its report.json.");
        }
    }
}
