namespace ServingStack.Training;

/// <summary>
/// Where a run stands, after <paramref name="Step"/> of <paramref name="Steps"/> batches of the whole run. The loss is the mean over the
/// epoch so far; the validation's is given once an epoch is done.
/// </summary>
public sealed record TrainingProgress(int Epoch, int Epochs, long Step, long Steps, double Loss, Judgement? Validation);

/// <summary>What a model is worth on some rows: its mean loss and the share of rows that it puts on the right side.</summary>
public sealed record Judgement(double Loss, double Accuracy);

/// <summary>
/// An epoch that is done: its number from 1 (0 stands for the state before the first), the mean loss of its batches (NaN for epoch 0), and
/// what the weights were worth then.
/// </summary>
public sealed record EpochRecord(int Epoch, double Loss, Judgement Validation);
