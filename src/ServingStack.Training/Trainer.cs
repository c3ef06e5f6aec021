using ServingStack.Graphs;
using ServingStack.Training.Data;
using ServingStack.Training.Modules;
using ServingStack.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ServingStack.Training;

/// <summary>
/// Trains a graph's weights on data. Autograd, losses and optimizers are TorchSharp's; the graph itself stays the model. Not thread-safe.
/// </summary>
public sealed class Trainer(TrainingOptions options)
{
    private const int JudgedBatchSize = 500;

    /// <summary>Trains, writes the weights back into the graph after every epoch, and returns what the last epoch's are worth.</summary>
    public Judgement Run(Graph graph, ITrainingData training, ITrainingData validation, IProgress<TrainingProgress>? progress = null)
    {
        TorchRuntime.EnsureLoaded();
        manual_seed(options.Seed);
        using var scope = NewDisposeScope();
        var objective = Objective.For(graph);
        using var module = new GraphModule(graph, objective.Logits);
        using var optimizer = CreateOptimizer(module);
        var checkpoint = options.Checkpoint is { } path ? new Checkpoint(path, options) : null;
        var judgement = new Judgement(double.NaN, double.NaN);
        var start = checkpoint?.Restore(module, optimizer) ?? 0;
        if (start >= options.Epochs) judgement = Judge(module, objective, validation);
        for (var epoch = start; epoch < options.Epochs; epoch++)
        {
            var batches = new Epoch(options, epoch, training.Count);
            var loss = RunEpoch(module, optimizer, objective, training, batches, progress);
            judgement = Judge(module, objective, validation);
            checkpoint?.Save(module, optimizer, epoch + 1);
            progress?.Report(new(epoch + 1, options.Epochs, batches.LastStep, batches.Steps, loss, judgement));
        }
        module.WriteBack();
        return judgement;
    }

    private double RunEpoch(
        GraphModule module, OptimizerHelper optimizer, Objective objective, ITrainingData data, Epoch epoch,
            IProgress<TrainingProgress>? progress)
    {
        module.train();
        var schedule = new LearningRateSchedule(options.LearningRate, epoch.Steps, options.WarmUp);
        double sum = 0;
        for (var b = 0; b < epoch.BatchCount; b++)
        {
            using var scope = NewDisposeScope();
            foreach (var group in optimizer.ParamGroups) group.LearningRate = schedule.At(epoch.FirstStep + b);
            var batch = data.Take(epoch.Rows(b), options.Augment ? epoch.Random : null);
            optimizer.zero_grad();
            var loss = objective.Loss(module.forward(batch.Inputs), batch.Targets, options.LabelSmoothing);
            loss.backward();
            optimizer.step();
            sum += loss.item<float>();
            progress?.Report(new(epoch.Number + 1, options.Epochs, epoch.FirstStep + b + 1, epoch.Steps, sum / (b + 1), null));
        }
        return sum / epoch.BatchCount;
    }

    /// <summary>Loss and accuracy of a module on all rows, in order.</summary>
    internal static Judgement Judge(GraphModule module, Objective objective, ITrainingData data)
    {
        module.eval();
        using var noGradient = no_grad();
        double loss = 0;
        long hits = 0;
        var rows = Enumerable.Range(0, data.Count).ToArray();
        for (var first = 0; first < data.Count; first += JudgedBatchSize)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(JudgedBatchSize, data.Count - first);
            var batch = data.Take(rows.AsSpan(first, count));
            var logits = module.forward(batch.Inputs);
            loss += count * objective.Loss(logits, batch.Targets, 0).item<float>();
            hits += objective.Hits(logits, batch.Targets);
        }
        return new(loss / data.Count, (double)hits / data.Count);
    }

    private OptimizerHelper CreateOptimizer(GraphModule module) => options.Optimizer switch
    {
        OptimizerKind.Sgd =>
            optim.SGD(module.parameters(), options.LearningRate, options.Momentum, weight_decay: options.WeightDecay,
                nesterov: options.Momentum > 0),
        OptimizerKind.Adam => optim.Adam(module.parameters(), options.LearningRate, weight_decay: options.WeightDecay),
        _ => throw new NotSupportedException($"Unknown optimizer {options.Optimizer}."),
    };
}
