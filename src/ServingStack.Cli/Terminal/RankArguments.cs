using System.CommandLine;
using System.Globalization;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Tucker;
using ServingStack.Compression.Tucker.Ranks;
using ServingStack.Training.Compressing;

namespace ServingStack.Cli.Terminal;

/// <summary>The options that say which layers are decomposed, and to which ranks.</summary>
internal sealed class RankArguments
{
    private sealed record Method(string Name, string Summary, double Amount, Func<double, IRankSelector> Create);

    private static readonly Method[] Methods =
    [
        new("vbmf", "empirical Bayes, weakened by AMOUNT (1: as found)", 1, amount => new BayesianRanks(amount)),
        new("ratio", "AMOUNT of every mode", 0.5, amount => new RatioRanks(amount)),
        new("energy", "the least ranks that keep AMOUNT of the energy", 0.8, amount => new EnergyRanks(amount)),
    ];

    private readonly Option<string?> _budget = new("--budget")
    {
        Description = $"How much less, in place of --ranks: {CompressionBudget.Forms}.",
    };

    private readonly Option<string> _ranks = new("--ranks")
    {
        Description = $"METHOD[=AMOUNT]: {string.Join("; ", Methods.Select(m => $"{m.Name}: {m.Summary}"))}.",
        DefaultValueFactory = _ => "vbmf",
    };

    private readonly Option<string[]> _layers = new("--layer")
    {
        Description = "NAME=R3,R4 gives a layer its ranks of inputs and outputs; NAME=R that of outputs alone.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _keep = new("--keep")
    {
        Description = "Layers to leave whole, by name.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _pointwise = new("--pointwise") { Description = "Splits 1x1 convolutions too." };

    private readonly Option<bool> _noLinear = new("--no-linear") { Description = "Leaves fully-connected layers whole." };

    private readonly Option<int> _calibrate = new("--calibrate")
    {
        Description = "Judges errors on what layers see of so many training rows of --data; 0 by weights alone.",
        DefaultValueFactory = _ => 0,
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_budget, _ranks, _layers, _keep, _pointwise, _noLinear, _calibrate]) command.Options.Add(option);
    }

    /// <summary>Null where ranks are chosen by a method.</summary>
    public CompressionBudget? Budget(ParseResult arguments) =>
        arguments.GetValue(_budget) is { } text ? CompressionBudget.Parse(text) : null;

    /// <param name="rows">Opens the training rows of <c>--data</c>; null where it was not given.</param>
    public TuckerOptions Options(ParseResult arguments, Func<ILabelledRows>? rows) => new()
    {
        Calibration = arguments.GetValue(_calibrate) == 0 ? null
            : rows?.Invoke() ?? throw new UsageException("--calibrate needs --data, whose training rows it runs on."),
        CalibrationRows = arguments.GetValue(_calibrate) is >= 0 and var count ? count
            : throw new UsageException("--calibrate must be 0 or more."),
        Selector = SelectorOf(arguments.GetValue(_ranks)!),
        Ranks = (arguments.GetValue(_layers) ?? []).Select(ParseLayer).ToDictionary(p => p.Name, p => p.Ranks),
        Keep = (arguments.GetValue(_keep) ?? []).ToHashSet(),
        Pointwise = arguments.GetValue(_pointwise),
        Linear = !arguments.GetValue(_noLinear),
    };

    private static IRankSelector SelectorOf(string text)
    {
        var parts = text.Split('=', 2);
        var method = Array.Find(Methods, m => m.Name == parts[0])
            ?? throw new UsageException($"--ranks is '{text}', expected one of {string.Join(", ", Methods.Select(m => m.Name))}, " +
                "with =AMOUNT where the default does not suit.");
        if (parts.Length == 1) return method.Create(method.Amount);
        return double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) ? method.Create(amount)
            : throw new UsageException($"--ranks is '{text}': '{parts[1]}' is no number, for example {method.Name}=0.5.");
    }

    private static (string Name, RankPair Ranks) ParseLayer(string text)
    {
        var equals = text.LastIndexOf('=');
        var numbers = equals < 0 ? [] : text[(equals + 1)..].Split(',')
            .Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var rank) ? rank : -1).ToArray();
        if (numbers.Length is not (1 or 2) || numbers.Contains(-1))
            throw new UsageException($"--layer is '{text}', expected NAME=R3,R4 or NAME=R.");
        return (text[..equals], numbers.Length == 1 ? new(null, numbers[0]) : new(numbers[0], numbers[1]));
    }
}
