using System.Globalization;
using System.Text;
using System.Text.Json;
using ServingStack.Compression.Tucker;

namespace ServingStack.Training.Compressing;

/// <summary>
/// Keeps the ranks of a run beside its checkpoint: ranks by measured time come out differently each time, and a run that goes on needs the
/// structure that it began with.
/// </summary>
internal static class ChosenRanks
{
    private sealed record Choice(string Layer, int? Inputs, int Outputs);

    /// <summary>Options that give the ranks which an interrupted run with equal options chose; the options themselves where there is
    /// none.</summary>
    public static TuckerOptions Recall(string? checkpoint, TuckerOptions options)
    {
        if (checkpoint is null || !File.Exists(PathFor(checkpoint, options))) return options;
        var choices = JsonSerializer.Deserialize<Choice[]>(File.ReadAllText(PathFor(checkpoint, options)))!;
        return options with
        {
            Ranks = choices.Where(c => c.Outputs > 0).ToDictionary(c => c.Layer, c => new RankPair(c.Inputs, c.Outputs)),
            Keep = choices.Where(c => c.Outputs == 0).Select(c => c.Layer).ToHashSet(),
        };
    }

    public static void Note(string? checkpoint, TuckerOptions options, TuckerResult result)
    {
        if (checkpoint is null || File.Exists(PathFor(checkpoint, options))) return;
        var choices = result.Rows.Select(r => new Choice(r.Name, r.Ranks?.Inputs, r.Ranks?.Outputs ?? 0));
        var path = PathFor(checkpoint, options);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path + ".draft", JsonSerializer.Serialize(choices));
        File.Move(path + ".draft", path, overwrite: true);
    }

    private static string PathFor(string checkpoint, TuckerOptions options)
    {
        var wish = string.Create(CultureInfo.InvariantCulture, $"{options.Selector.Description} {options.Pointwise} {options.Linear} ") +
            $"{(options.Calibration is null ? 0 : options.CalibrationRows)} {options.Iterations} " +
            $"{string.Join(',', options.Keep.Order())} " + string.Join(',', options.Ranks.Select(r => $"{r.Key} {r.Value}").Order());
        return $"{checkpoint}-ranks-{Lineage.HashOf(Encoding.UTF8.GetBytes(wish))[..12]}";
    }
}
