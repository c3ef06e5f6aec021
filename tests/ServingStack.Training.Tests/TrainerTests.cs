using ServingStack.Compression.Datasets;
using ServingStack.Graphs;
using ServingStack.Tests.Shared;
using ServingStack.Training.Data;
using ServingStack.Zoo;

namespace ServingStack.Training.Tests;

public sealed class TrainerTests
{
    private static readonly ResidualNetwork.Configuration Tiny =
        new() { Extent = 12, Classes = 4, Width = 8, Stages = 2, BlocksPerStage = 1 };

    private static readonly ImageData Training =
        new(SyntheticImages.Create(640, Tiny.Classes, Tiny.Extent, seed: 1), maxShift: 1, mirror: false);
    private static readonly ImageData Validation = new(SyntheticImages.Create(200, Tiny.Classes, Tiny.Extent, seed: 2));

    [TorchFact]
    public void Run_SyntheticImages_LearnsThem()
    {
        var reports = new List<TrainingProgress>();

        var judgement = new Trainer(new() { Epochs = 3, BatchSize = 32 }).Run(Network(), Training, Validation, new Collector(reports));

        var losses = reports.Where(r => r.Validation is not null).Select(r => r.Loss).ToArray();
        Assert.Equal(3, losses.Length);
        Assert.True(losses[2] < losses[0] / 2, $"losses {string.Join(", ", losses)}");
        Assert.InRange(judgement.Accuracy, 0.95, 1);
    }

    [TorchFact]
    public void Run_ClickLog_ComesNearTheKnownBest()
    {
        var (rows, _) = ClickLog.Create(12_000, ruleSeed: 1, rowSeed: 2);
        var (unseen, truth) = ClickLog.Create(4_000, ruleSeed: 1, rowSeed: 3);
        var (means, deviations) = rows.DenseStatistics();
        var graph = Recommender.Create(new([.. rows.CategoricalColumns.Select(c => c.Categories.Count)], means, deviations), seed: 1);

        var judgement = new Trainer(new() { Epochs = 4, Optimizer = OptimizerKind.Adam, LearningRate = 0.01, WeightDecay = 1e-5 })
            .Run(graph, new TabularData(rows), new TabularData(unseen));

        var best = Enumerable.Range(0, truth.Length).Average(i => (truth[i] > 0.5f) == (unseen.Targets[i] > 0.5f) ? 1.0 : 0);
        var constant = Math.Max(unseen.Targets.Average(), 1 - unseen.Targets.Average());
        Assert.True(judgement.Accuracy > constant + (0.5 * (best - constant)), $"{judgement.Accuracy}, best {best}, constant {constant}");
    }

    [TorchFact]
    public void Run_BrokenAfterAnEpoch_GoesOnAsIfItHadNotBeen()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainingOptions { Epochs = 2, BatchSize = 64 };
        var (whole, resumed) = (Network(), Network());
        new Trainer(options).Run(whole, Training, Validation);

        var broken = new Trainer(options with { Checkpoint = folder.File("run.checkpoint") });
        Assert.Throws<OperationCanceledException>(() => broken.Run(Network(), Training, Validation, new BreakAfterEpoch()));
        broken.Run(resumed, Training, Validation);

        foreach (var (expected, actual) in Weights(whole).Zip(Weights(resumed))) Assert.Equal(expected, actual);
    }

    [TorchFact]
    public void Run_BrokenAfterAnEpoch_KeepsTheWholeHistory()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainingOptions { Epochs = 2, BatchSize = 64, Checkpoint = folder.File("run.checkpoint") };
        Assert.Throws<OperationCanceledException>(() =>
            new Trainer(options).Run(Network(), Training, Validation, new BreakAfterEpoch()));

        var trainer = new Trainer(options);
        trainer.Run(Network(), Training, Validation);

        Assert.Equal([0, 1, 2], trainer.History.Select(e => e.Epoch));
        Assert.True(trainer.History[2].Validation.Loss < trainer.History[0].Validation.Loss);
    }

    [TorchFact]
    public void Run_ScoresWithoutSoftmaxAndATeacher_LearnsTheTeachersOpinion()
    {
        var (teacher, pupil) = (Network(), ResidualNetwork.Create(Tiny with { Width = 4 }, seed: 2));
        new Trainer(new() { Epochs = 3, BatchSize = 32 }).Run(teacher, Training, Validation);
        foreach (var graph in (Graph[])[teacher, pupil])
        {
            graph.Outputs[0] = graph.Outputs[0].Producer!.Inputs[0]!;
            ShapeInference.Run(graph);
        }

        var options = new TrainingOptions { Epochs = 3, BatchSize = 32, Distillation = 1 };
        var judgement = new Trainer(options).Run(pupil, Training, Validation, teacher: teacher);

        Assert.InRange(judgement.Accuracy, 0.9, 1);
    }

    [TorchFact]
    public void Run_NothingLearned_EndsAfterThePatience()
    {
        var trainer = new Trainer(new() { Epochs = 9, BatchSize = 320, LearningRate = 1e-12, WeightDecay = 0, Patience = 2 });
        var graph = Network();
        // Without normalization there are no statistics that would move by themselves.
        foreach (var node in graph.Nodes.Where(n => n.OpType == "BatchNormalization")) node.Attributes["momentum"] = 1f;

        trainer.Run(graph, Training, Validation);

        Assert.InRange(trainer.History[^1].Epoch, 2, 4);
    }

    [TorchFact]
    public void Run_CheckpointOfOtherOptions_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var options = new TrainingOptions { Epochs = 1, BatchSize = 128, Checkpoint = folder.File("run.checkpoint") };
        new Trainer(options).Run(Network(), Training, Validation);

        var error = Assert.Throws<InvalidOperationException>(() =>
            new Trainer(options with { Seed = 2 }).Run(Network(), Training, Validation));

        Assert.Contains("of a run with other options", error.Message, StringComparison.Ordinal);
    }

    [TorchTheory]
    [InlineData(14, 4, "The data's rows are [1, 12, 12], but input 'image' of 'residual_network' is [batch, 1, 14, 14]")]
    [InlineData(12, 3, "The data has a label 3, but 'residual_network' tells 3 classes apart")]
    public void Run_DataThatDoesNotFit_IsRefused(int extent, int classes, string expected)
    {
        var graph = ResidualNetwork.Create(Tiny with { Extent = extent, Classes = classes }, seed: 1);
        ShapeInference.Run(graph);

        var error = Assert.Throws<NotSupportedException>(() => new Trainer(new()).Run(graph, Training, Validation));

        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }

    [TorchFact]
    public void Run_OutputIsNoProbability_IsRefused()
    {
        var graph = new Graph("plain");
        graph.Outputs.Add(graph.Add("Relu", graph.AddInput("x", ElementType.Float32, Shape.Of(1))));

        var error = Assert.Throws<NotSupportedException>(() => new Trainer(new()).Run(graph, Training, Validation));

        Assert.Contains("'plain' must have one output, of Softmax or Sigmoid", error.Message, StringComparison.Ordinal);
    }

    private static Graph Network() => ResidualNetwork.Create(Tiny, seed: 1);

    private static IEnumerable<float[]> Weights(Graph graph) =>
        graph.Nodes.SelectMany(n => n.Inputs).Where(v => v?.Constant is not null).Select(v => v!.Constant!.As<float>().ToArray());

    private sealed class Collector(List<TrainingProgress> reports) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => reports.Add(value);
    }

    private sealed class BreakAfterEpoch : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Validation is not null) throw new OperationCanceledException();
        }
    }
}
