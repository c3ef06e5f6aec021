namespace ServingStack.Training;

/// <summary>Optimizers that <see cref="Trainer"/> knows, all of TorchSharp.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent with Nesterov momentum.</summary>
    Sgd,

    /// <summary>Adam (Kingma, Ba 2015).</summary>
    Adam,
}

/// <summary>How to train. Two runs of equal options on the same data and the same number of threads do the same steps.</summary>
public sealed record TrainingOptions
{
    public int Epochs { get; init; } = 8;

    public int BatchSize { get; init; } = 128;

    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Sgd;

    /// <summary>The highest learning rate; see <see cref="LearningRateSchedule"/>.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Share of the steps in which the learning rate rises from zero, 0..1.</summary>
    public double WarmUp { get; init; } = 0.1;

    public double Momentum { get; init; } = 0.9;

    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Share of the target that is spread over all classes, 0..1; for classifiers only.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Whether the data may change its rows at random.</summary>
    public bool Augment { get; init; } = true;

    public int Seed { get; init; } = 1;

    /// <summary>Where the state after each epoch is kept, and a broken run goes on from; null keeps none.</summary>
    public string? Checkpoint { get; init; }
}
