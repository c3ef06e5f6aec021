using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Compression.Tucker;
using ServingStack.Compression.Tucker.Ranks;
using ServingStack.Graphs;
using ServingStack.Tests.Shared;
using ServingStack.Training.Compressing;
using ServingStack.Training.Data;
using ServingStack.Training.Reports;
using ServingStack.Zoo;

namespace ServingStack.Training.Tests.Compressing;

/// <summary>A small network that has learned striped images, compressed from end to end.</summary>
public sealed class CompressionRunTests
{
    private static readonly ResidualNetwork.Configuration Tiny =
        new() { Extent = 12, Classes = 4, Width = 8, Stages = 2, BlocksPerStage = 1 };

    private static readonly ImageDataset Seen = SyntheticImages.Create(640, Tiny.Classes, Tiny.Extent, seed: 1);
    private static readonly ImageDataset Unseen = SyntheticImages.Create(200, Tiny.Classes, Tiny.Extent, seed: 2);

    private static readonly CompressionMaterial Material = new("synthetic", new ImageData(Seen, 1, mirror: false), new ImageData(Unseen),
        new ImageRows(Unseen, ChannelNormalization.None));

    private static readonly TrainingOptions Tuning = new() { Epochs = 2, BatchSize = 32, LearningRate = 0.02 };

    private static readonly Lazy<Graph> Trained = new(() =>
    {
        var graph = ResidualNetwork.Create(Tiny, seed: 1);
        new Trainer(new() { Epochs = 3, BatchSize = 32 }).Run(graph, Material.Training!, Material.Validation);
        return graph;
    });

    [TorchFact]
    public void Run_FlopsBudget_RecoversWhatTheDecompositionCost()
    {
        var (graph, report) = Run().Run(new(BudgetKind.Flops, 2));

        Assert.True(report.Totals.FlopsBefore >= 2 * report.Totals.FlopsAfter);
        Assert.InRange(report.Accuracy!.Tuned!.Value, Math.Max(0.9, report.Accuracy.Decomposed), 1);
        Assert.Equal([0, 1, 2], report.Curve.Select(e => e.Epoch));
        Assert.Equal("hash", graph.Metadata["lineage.source_sha256"]);
        Assert.Equal("synthetic", graph.Metadata["lineage.data"]);
        Assert.Contains("stage2.block1.conv2: ", graph.Metadata["lineage.ranks"], StringComparison.Ordinal);
        Assert.All(report.Layers.Where(l => l.Row.Ranks is not null), l => Assert.True(l.SecondsAfter > 0, l.Row.Name));
    }

    [TorchFact]
    public void Run_AccuracyBudget_IsKept()
    {
        var (_, report) = Run().Run(new(BudgetKind.Accuracy, 5));

        Assert.True(report.Accuracy!.Original - report.Accuracy.Final <= 0.05);
        Assert.True(report.Totals.FlopsAfter < report.Totals.FlopsBefore);
    }

    [TorchFact]
    public void Run_AccuracyBudgetThatNothingKeeps_SaysTheBestReachable()
    {
        var untuned = new CompressionRun(Trained.Value, "hash", new(), Tuning with { Epochs = 0 },
            Material with { Test = new OnlyTheFirst(Material.Test) });

        var error = Assert.Throws<TuckerException>(() => untuned.Run(new(BudgetKind.Accuracy, 0)));

        Assert.Contains("best reachable lost", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AccuracyBudgetWithoutData_IsRefused()
    {
        var run = new CompressionRun(ResidualNetwork.Create(Tiny, seed: 1), "hash", new(), Tuning, null);

        var error = Assert.Throws<TuckerException>(() => run.Run(new(BudgetKind.Accuracy, 1)));

        Assert.Contains("needs --data", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_LatencyBudgetWithoutData_TakesRanksOfTheGrid()
    {
        var graph = ResidualNetwork.Create(new() { Extent = 16, Width = 32, Stages = 2, BlocksPerStage = 1 }, seed: 1);

        var (_, report) = new CompressionRun(graph, "hash", new(), Tuning, null).Run(new(BudgetKind.Latency, 1.05));

        Assert.Null(report.Accuracy);
        Assert.All(report.Layers.Where(l => l.Row.Ranks?.Inputs is not null), l => Assert.Equal(0, l.Row.Ranks!.Value.Outputs % 4));
    }

    [TorchFact]
    public void Run_BrokenWhileTuning_GoesOnFromTheLastEpoch()
    {
        using var folder = new TemporaryFolder();
        var tuning = Tuning with { Checkpoint = folder.File("state") };
        var epochs = new List<int>();
        Assert.Throws<OperationCanceledException>(() => Run(tuning, p => epochs.Add(p.Epoch), breaks: true).Run(new(BudgetKind.Flops, 2)));

        var (_, report) = Run(tuning, p => epochs.Add(p.Epoch)).Run(new(BudgetKind.Flops, 2));

        Assert.Equal([1, 2], epochs);
        Assert.Equal([0, 1, 2], report.Curve.Select(e => e.Epoch));
    }

    [Fact]
    public void Run_AgainWithACheckpoint_TakesTheRanksOfTheFirstTime()
    {
        using var folder = new TemporaryFolder();
        var tuning = Tuning with { Checkpoint = folder.File("state") };
        var graph = ResidualNetwork.Create(Tiny, seed: 1);
        var first = new CompressionRun(graph, "hash", new() { Selector = new OneRank(3) }, tuning, null).Run().Report;

        var again = new CompressionRun(graph, "hash", new() { Selector = new OneRank(2) }, tuning, null).Run().Report;
        var other = new CompressionRun(graph, "hash", new() { Selector = new OneRank(2), Pointwise = true }, tuning, null).Run().Report;

        Assert.Equal(first.Layers.Select(l => l.Row.Ranks), again.Layers.Select(l => l.Row.Ranks));
        Assert.NotEqual(first.Layers.Select(l => l.Row.Ranks), other.Layers.Select(l => l.Row.Ranks));
    }

    /// <summary>As ranks by time: equal by name, and different by what they find.</summary>
    private sealed class OneRank(int rank) : IRankSelector
    {
        public string Description => "one rank";

        public IReadOnlyList<RankChoice> Select(IReadOnlyList<TuckerLayer> layers, long fixedFlops) =>
            [.. layers.Select(l => new RankChoice(new RankPair(l.KeepsInputs ? null : rank, rank)))];
    }

    [TorchFact]
    public void Run_FromScratch_StartsFromOtherWeights()
    {
        var (_, report) = Run(Tuning with { Epochs = 0 }, fromScratch: true).Run(new(BudgetKind.Flops, 2));

        Assert.InRange(report.Accuracy!.Decomposed, 0, 0.6);
        Assert.EndsWith("random weights", report.Method, StringComparison.Ordinal);
    }

    [TorchFact]
    public void Reports_OfARun_HoldLayersTotalsAndPlots()
    {
        var (_, report) = Run().Run(new(BudgetKind.Flops, 2));

        var (markdown, html) = (MarkdownReport.Write(report), HtmlReport.Write(report));

        Assert.Contains("| stage2.block1.conv2 | 16 x 16 x 9 | Tucker-2 |", markdown, StringComparison.Ordinal);
        Assert.Contains("| after one epoch |", markdown, StringComparison.Ordinal);
        Assert.Equal(3, html.Split("<svg").Length - 1);
        Assert.Contains("<td>stage2.block1.conv2</td>", html, StringComparison.Ordinal);
        var again = JsonReport.Read(JsonReport.Write(report));
        Assert.Equal(report.Totals, again.Totals);
        Assert.Equal(report.Curve, again.Curve);
        Assert.Equal(report.Layers.Select(l => l.Row.Ranks), again.Layers.Select(l => l.Row.Ranks));
    }

    private static CompressionRun Run(TrainingOptions? tuning = null, Action<TrainingProgress>? epoch = null, bool breaks = false,
        bool fromScratch = false) => new(Trained.Value, "hash", new() { Selector = new BayesianRanks(1) }, tuning ?? Tuning, Material)
        {
            Progress = new Epochs(epoch, breaks),
            FromScratch = fromScratch,
        };

    private sealed class Epochs(Action<TrainingProgress>? epoch, bool breaks) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Validation is null) return;
            epoch?.Invoke(value);
            if (breaks) throw new OperationCanceledException();
        }
    }

    /// <summary>Rows that only the first model to be judged can get right.</summary>
    private sealed class OnlyTheFirst(ILabelledRows rows) : ILabelledRows
    {
        private int _asked;

        public int Count => rows.Count;

        public Tensor[] Inputs(int first, int count) => rows.Inputs(first, count);

        // The original is asked first and gets all right answers (each row twice: top-1 and top-5), everything after that wrong ones.
        public float Target(int row) => _asked++ < 2 * rows.Count ? rows.Target(row) : (rows.Target(row) + 1) % Tiny.Classes;
    }
}
