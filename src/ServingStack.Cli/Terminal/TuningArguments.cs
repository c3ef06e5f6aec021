using System.CommandLine;
using ServingStack.Training;
using ServingStack.Training.Native;

namespace ServingStack.Cli.Terminal;

/// <summary>The options of commands that fine-tune.</summary>
internal sealed class TuningArguments
{
    private readonly Option<int> _epochs = new("--epochs")
    {
        Description = "Passes over the training rows.",
        DefaultValueFactory = _ => 10,
    };

    private readonly Option<double> _rate = new("--rate") { Description = "The highest learning rate.", DefaultValueFactory = _ => 0.01 };

    private readonly Option<ScheduleKind> _schedule = new("--schedule")
    {
        Description = "Cosine falls to zero smoothly; Step to a tenth every 5 epochs.",
        DefaultValueFactory = _ => ScheduleKind.Cosine,
    };

    private readonly Option<int> _batch = new("--batch") { Description = "Rows a step.", DefaultValueFactory = _ => 64 };

    private readonly Option<double> _decay = new("--decay") { Description = "Weight decay.", DefaultValueFactory = _ => 1e-4 };

    private readonly Option<double> _distillation = new("--distillation")
    {
        Description = "Share of the loss that compares with the teacher, 0 to 1.",
        DefaultValueFactory = _ => new TrainingOptions().Distillation,
    };

    private readonly Option<int> _patience = new("--patience")
    {
        Description = "Ends after so many epochs without a lower test loss; 0 never does.",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<int> _seed = new("--seed") { Description = "Draws order and augmentation.", DefaultValueFactory = _ => 1 };

    private readonly Option<string?> _checkpoint = new("--checkpoint")
    {
        Description = "Keeps the state after each epoch in this file, and goes on from it.",
    };

    private readonly Option<int> _threads = new("--training-threads")
    {
        Description = "Threads of the training; 0 leaves the choice to libtorch.",
        DefaultValueFactory = _ => 0,
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_epochs, _rate, _schedule, _batch, _decay, _distillation, _patience, _seed, _checkpoint, _threads])
            command.Options.Add(option);
    }

    public int Epochs(ParseResult arguments) => arguments.GetValue(_epochs);

    public TrainingOptions Options(ParseResult arguments) => new()
    {
        Epochs = AtLeast(arguments, _epochs, 0),
        LearningRate = arguments.GetValue(_rate) is > 0 and var rate ? rate : throw new UsageException("--rate must be more than 0."),
        Schedule = arguments.GetValue(_schedule),
        BatchSize = AtLeast(arguments, _batch, 2),
        WeightDecay = arguments.GetValue(_decay),
        Distillation = arguments.GetValue(_distillation) is >= 0 and <= 1 and var share ? share
            : throw new UsageException("--distillation must be between 0 and 1."),
        Patience = AtLeast(arguments, _patience, 0),
        Seed = arguments.GetValue(_seed),
        Checkpoint = arguments.GetValue(_checkpoint),
    };

    /// <summary>Sets how many threads libtorch takes; for the whole process.</summary>
    public void ApplyThreads(ParseResult arguments)
    {
        if (AtLeast(arguments, _threads, 0) is > 0 and var threads) TorchRuntime.SetThreads(threads);
    }

    private static int AtLeast(ParseResult arguments, Option<int> option, int least) =>
        arguments.GetValue(option) is var value && value >= least ? value
            : throw new UsageException($"{option.Name} is {value}, expected {least} or more.");
}
