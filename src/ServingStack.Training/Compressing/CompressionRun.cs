using System.Runtime.InteropServices;
using System.Text;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Tucker;
using ServingStack.Compression.Tucker.Ranks;
using ServingStack.Compression.Tucker.Timing;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Training.Modules;

namespace ServingStack.Training.Compressing;

/// <summary>
/// Compresses a model from end to end: (1) ranks and decomposition, (2) what it is worth then, (3) fine-tuning with the original as
/// teacher, where there is data, (4) what it is worth now, (5) times, (6) the report, and the lineage in the graph's metadata.
/// </summary>
public sealed class CompressionRun(Graph original, string sourceHash, TuckerOptions tucker, TrainingOptions tuning,
    CompressionMaterial? material)
{
    /// <summary>How many times fewer flops are tried for an accuracy budget, hardest first.</summary>
    private static readonly double[] Factors = [8, 6, 5, 4, 3, 2.5, 2, 1.75, 1.5, 1.25];

    private const int TimeAttempts = 6;

    // So much more than asked for is near enough.
    private const double Excess = 1.1;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>A sentence before each long stage.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>Whether the chains start from random weights: the control that shows what the decomposition is worth.</summary>
    public bool FromScratch { get; init; }

    private double? _originalAccuracy;

    /// <summary>Compresses with the selector and the ranks of the options.</summary>
    public (Graph Graph, CompressionReport Report) Run() => Run(tucker, tuning);

    /// <summary>Compresses within a budget, which takes the place of the options' selector.</summary>
    /// <exception cref="TuckerException">No ranks meet it; the message says the best reachable.</exception>
    public (Graph Graph, CompressionReport Report) Run(CompressionBudget budget) => budget.Kind switch
    {
        BudgetKind.Flops => Run(tucker with { Selector = new BudgetRanks(new FlopsCost(), budget.Amount) }, tuning),
        BudgetKind.Latency => RunWithinTime(budget.Amount),
        _ => RunWithin(budget.Amount / 100),
    };

    private (Graph, CompressionReport) RunWithinTime(double factor)
    {
        var wish = tucker with { Selector = new BudgetRanks(new MeasuredCost(original), factor) };
        var recalled = ChosenRanks.Recall(tuning.Checkpoint, wish);
        if (!ReferenceEquals(recalled, wish)) return Run(recalled, tuning);
        var chosen = WithinTime(factor);
        ChosenRanks.Note(tuning.Checkpoint, wish, TuckerCompressor.Compress(original, chosen));
        return Run(chosen, tuning);
    }

    /// <summary>
    /// Layers by themselves do not add up to the network exactly, so the whole is measured too, and the budget of layers moved by what is
    /// missing or too much.
    /// </summary>
    private TuckerOptions WithinTime(double factor)
    {
        Say("measures candidates on this machine's kernels");
        var prepared = TuckerCompressor.Prepare(original);
        var cost = new MeasuredCost(prepared);
        var before = GraphTimer.Measure(prepared, Patience).Total;
        (TuckerOptions Options, double Reached)? best = null;
        var (asked, most) = (factor, 0.0);
        for (var attempt = 0; attempt < TimeAttempts; attempt++)
        {
            var options = tucker with { Selector = new BudgetRanks(cost, asked) };
            var reached = before / GraphTimer.Measure(TuckerCompressor.Compress(original, options).Graph, Patience).Total;
            Say(FormattableString.Invariant($"layers of 1/{asked:0.00} of the time bring the network to 1/{reached:0.00}"));
            if (reached >= factor && (best is null || reached < best.Value.Reached)) best = (options, reached);
            if (reached >= factor && reached < factor * Excess) break;
            most = Math.Max(most, reached);
            asked = 1.02 * Math.Max(1, 1 + ((asked - 1) * (factor - 1) / Math.Max(reached - 1, (factor - 1) / 4)));
        }
        return best?.Options ?? throw new TuckerException(FormattableString.Invariant(
            $"No ranks bring the network to 1/{factor} of its time: the best reachable was 1/{most:0.00}. Ask for less."));
    }

    private (Graph, CompressionReport) Run(TuckerOptions options, TrainingOptions training)
    {
        Say($"chooses ranks by {options.Selector.Description}");
        var result = TuckerCompressor.Compress(original, ChosenRanks.Recall(training.Checkpoint, options));
        ChosenRanks.Note(training.Checkpoint, options, result);
        if (FromScratch) FreshWeights.Draw(result.Graph, training.Seed);
        var before = material is null ? (double?)null : _originalAccuracy ??= Accuracy(original, "the original");
        var decomposed = material is null ? (double?)null : Accuracy(result.Graph, "the decomposed model");
        var curve = Tune(result.Graph, training with { Checkpoint = CheckpointFor(result, training.Checkpoint) });
        var tuned = curve.Count == 0 ? (double?)null : Accuracy(result.Graph, "the tuned model");
        var accuracy = before is null ? null : new StageAccuracies(before.Value, decomposed!.Value, tuned);
        var report = Report(result, accuracy, curve);
        Lineage.Write(result.Graph, report);
        return (result.Graph, report);
    }

    /// <summary>Halves the list of factors until the hardest is found that keeps the accuracy.</summary>
    private (Graph, CompressionReport) RunWithin(double loss)
    {
        if (material is null)
            throw new TuckerException("A budget of accuracy needs --data: without test rows, nobody knows what is lost.");
        (Graph Graph, CompressionReport Report)? best = null;
        var (low, high, least) = (0, Factors.Length, double.PositiveInfinity);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (Graph, CompressionReport Report)? attempt = Attempt(Factors[middle]);
            var lost = attempt?.Report.Accuracy is { } accuracy ? accuracy.Original - accuracy.Final : double.PositiveInfinity;
            least = Math.Min(least, lost);
            if (lost <= loss) (best, high) = (attempt, middle);
            else low = middle + 1;
        }
        return best ?? throw new TuckerException(FormattableString.Invariant(
            $"No compression keeps the accuracy within {100 * loss} points: the best reachable lost {100 * least:0.00} at ") +
            FormattableString.Invariant($"flops={Factors[^1]}x. Allow more, or tune for more epochs."));
    }

    private (Graph, CompressionReport)? Attempt(double factor)
    {
        Say(FormattableString.Invariant($"tries flops={factor}x"));
        try
        {
            return Run(tucker with { Selector = new BudgetRanks(new FlopsCost(), factor) }, tuning);
        }
        catch (TuckerException e) when (e.Message.StartsWith("No ranks", StringComparison.Ordinal))
        {
            return null;
        }
    }

    // A structure has a file of its own, so that a run with other ranks does not stumble over it.
    private static string? CheckpointFor(TuckerResult result, string? path) => path is null ? null
        : $"{path}-{Lineage.HashOf(Encoding.UTF8.GetBytes(string.Join(';', result.Rows.Select(r => $"{r.Name} {r.Ranks}"))))[..12]}";

    private IReadOnlyList<EpochRecord> Tune(Graph graph, TrainingOptions training)
    {
        if (material?.Training is not { } rows || training.Epochs == 0) return [];
        Say($"tunes on {rows.Count} rows of {material.Name}");
        var trainer = new Trainer(training);
        trainer.Run(graph, rows, material.Validation, Progress,
            FromScratch || training.Distillation == 0 ? null : TuckerCompressor.Prepare(original));
        return trainer.History;
    }

    private double Accuracy(Graph graph, string what)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        var accuracy = Evaluator.Run(model, material!.Test).Accuracy;
        Say(FormattableString.Invariant($"{what}: accuracy {100 * accuracy:0.00} %"));
        return accuracy;
    }

    private CompressionReport Report(TuckerResult result, StageAccuracies? accuracy, IReadOnlyList<EpochRecord> curve)
    {
        Say("measures layers");
        var (before, after) = (GraphTimer.Measure(TuckerCompressor.Prepare(original)), GraphTimer.Measure(result.Graph));
        var layers = result.Rows.Select(r => new ReportedLayer(r, Seconds(before.Steps, [r.Name]), Seconds(after.Steps, r.Nodes)));
        return new(original.Name, sourceHash, FromScratch ? $"{result.Selection}, random weights" : result.Selection,
            $"{Environment.ProcessorCount} x {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.OSDescription}", [.. layers],
            new(result.ParametersBefore, result.ParametersAfter, result.FlopsBefore, result.FlopsAfter, before.Total, after.Total),
            material?.Name, accuracy, curve);
    }

    private static double? Seconds(IReadOnlyDictionary<string, double> steps, IReadOnlyList<string> nodes)
    {
        var found = nodes.Where(steps.ContainsKey).ToArray();
        return found.Length == 0 ? null : found.Sum(n => steps[n]);
    }
}
