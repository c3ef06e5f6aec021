namespace ServingStack.Training;

/// <summary>Optimizers that <see cref="Trainer"/> knows, all of TorchSharp.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent with Nesterov momentum.</summary>
    Sgd,

    /// <summary>Adam (Kingma, Ba 2015).</summary>
    Adam,
}

/// <summary>How the learning rate goes; see <see cref="LearningRateSchedule"/>.</summary>
public enum ScheduleKind
{
    /// <summary>A rise, then half a cosine down to zero.</summary>
    Cosine,

    /// <summary>A rise, then a tenth after every <see cref="TrainingOptions.StepEpochs"/> epochs.</summary>
    Step,
}

/// <summary>How to train. Two runs of equal options on the same data and the same number of threads do the same steps.</summary>
public sealed record TrainingOptions
{
    public int Epochs { get; init; } = 8;

    public int BatchSize { get; init; } = 128;

    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Sgd;

    /// <summary>The highest learning rate; see <see cref="LearningRateSchedule"/>.</summary>
    public double LearningRate { get; init; } = 0.1;

    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Epochs at one learning rate, with <see cref="ScheduleKind.Step"/>; Kim et al. 2016 take 5 or 10.</summary>
    public int StepEpochs { get; init; } = 5;

    /// <summary>Share of the steps in which the learning rate rises from zero, 0..1.</summary>
    public double WarmUp { get; init; } = 0.1;

    public double Momentum { get; init; } = 0.9;

    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Share of the target that is spread over all classes, 0..1; for classifiers only.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// Share of the loss that compares with a teacher instead of the targets, 0..1, where a teacher is given. A compressed network that is
    /// tuned on part of its data forgets less of the rest.
    /// </summary>
    public double Distillation { get; init; } = 0.7;

    /// <summary>
    /// How much the teacher's probabilities are softened. 2 shows which classes are alike; more makes gradients of a network that has just
    /// been compressed many times those of its labels, and the run diverges.
    /// </summary>
    public double Temperature { get; init; } = 2;

    /// <summary>
    /// Epochs without a lower validation loss after which the run ends; 0 never ends it early. The weights are those of the last epoch, not
    /// of the best: choosing by the rows that judge would flatter the result.
    /// </summary>
    public int Patience { get; init; }

    /// <summary>Whether the data may change its rows at random.</summary>
    public bool Augment { get; init; } = true;

    public int Seed { get; init; } = 1;

    /// <summary>Where the state after each epoch is kept, and a broken run goes on from; null keeps none.</summary>
    public string? Checkpoint { get; init; }
}
