using ServingStack.Graphs;
using ServingStack.Training.Data;
using ServingStack.Training.Modules;
using ServingStack.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training;

/// <summary>
/// Trains a graph's weights on data. Autograd, losses and optimizers are TorchSharp's; the graph itself stays the model. Not thread-safe.
/// </summary>
public sealed class Trainer(TrainingOptions options)
{
    private const int JudgedBatchSize = 100;

    /// <summary>What the epochs of the last run came to, those before a break included; the first entry is the untrained state.</summary>
    public IReadOnlyList<EpochRecord> History { get; private set; } = [];

    /// <summary>Trains, writes the weights back into the graph after every epoch, and returns what the last epoch's are worth.</summary>
    /// <param name="teacher">
    /// A network of the same inputs and outputs whose opinions are learned beside the targets
    /// (<see cref="TrainingOptions.Distillation"/>); it stays as it is.
    /// </param>
    public Judgement Run(Graph graph, ITrainingData training, ITrainingData validation, IProgress<TrainingProgress>? progress = null,
        Graph? teacher = null)
    {
        TorchRuntime.EnsureLoaded();
        manual_seed(options.Seed);
        using var scope = NewDisposeScope();
        var objective = Objective.For(graph);
        DataFit.Check(graph, objective.Logits, training);
        DataFit.Check(graph, objective.Logits, validation);
        using var module = new GraphModule(graph, objective.Logits);
        using var taught = teacher is null ? null : new Teacher(teacher);
        using var optimizer = CreateOptimizer(module);
        var checkpoint = options.Checkpoint is { } path ? new Checkpoint(path, options) : null;
        var history = checkpoint?.Restore(module, optimizer) ?? [];
        History = history;
        if (history.Count == 0) history.Add(new(0, double.NaN, Judge(module, objective, validation)));
        for (var epoch = history[^1].Epoch; epoch < options.Epochs && !HasSettled(history); epoch++)
        {
            var batches = new Epoch(options, epoch, training.Count);
            var loss = RunEpoch(new(module, taught, optimizer, objective), training, batches, progress);
            history.Add(new(epoch + 1, loss, Judge(module, objective, validation)));
            checkpoint?.Save(module, optimizer, history);
            module.WriteBack();
            progress?.Report(new(epoch + 1, options.Epochs, batches.LastStep, batches.Steps, loss, history[^1].Validation));
        }
        module.WriteBack();
        return history[^1].Validation;
    }

    private sealed record Parts(GraphModule Module, Teacher? Teacher, OptimizerHelper Optimizer, Objective Objective);

    private bool HasSettled(List<EpochRecord> history) => options.Patience > 0 && history.Count > options.Patience
        && history[^options.Patience..].Min(e => e.Validation.Loss) >= history[..^options.Patience].Min(e => e.Validation.Loss);

    private double RunEpoch(Parts parts, ITrainingData data, Epoch epoch, IProgress<TrainingProgress>? progress)
    {
        parts.Module.train();
        var schedule = new LearningRateSchedule(options.LearningRate, epoch.Steps, options.WarmUp,
            options.Schedule == ScheduleKind.Step ? (long)epoch.BatchCount * options.StepEpochs : 0);
        double sum = 0;
        for (var b = 0; b < epoch.BatchCount; b++)
        {
            using var scope = NewDisposeScope();
            foreach (var group in parts.Optimizer.ParamGroups) group.LearningRate = schedule.At(epoch.FirstStep + b);
            var batch = data.Take(epoch.Rows(b), options.Augment ? epoch.Random : null);
            parts.Optimizer.zero_grad();
            var loss = Loss(parts, batch);
            loss.backward();
            parts.Optimizer.step();
            sum += loss.item<float>();
            progress?.Report(new(epoch.Number + 1, options.Epochs, epoch.FirstStep + b + 1, epoch.Steps, sum / (b + 1), null));
        }
        return sum / epoch.BatchCount;
    }

    private Tensor Loss(Parts parts, Batch batch)
    {
        var logits = parts.Module.forward(batch.Inputs);
        var loss = parts.Objective.Loss(logits, batch.Targets, options.LabelSmoothing);
        return parts.Teacher is null ? loss : (loss * (1 - options.Distillation)) + (
            parts.Objective.Distance(logits, parts.Teacher.Opinion(batch), options.Temperature) * options.Distillation);
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
