using System.Globalization;
using ServingStack.Training;

namespace ServingStack.Cli.Terminal;

/// <summary>
/// A training run on the terminal: a bar on the error stream, and on the output, which a log keeps, ten lines an epoch and one at its end.
/// </summary>
internal static class TrainingLines
{
    public static T Run<T>(string title, TextWriter output, Func<IProgress<TrainingProgress>, T> work) =>
        ProgressLine.Show(title, 1, report => work(new ProgressCall<TrainingProgress>(p =>
        {
            report((double)p.Step / p.Steps, Text(p));
            var batches = p.Steps / p.Epochs;
            var step = p.Step % batches;
            if (p.Validation is null && (step == 0 || step * 10 / batches == (step - 1) * 10 / batches)) return;
            output.WriteLine(p.Validation is null ? $"{Text(p)}, batch {step}/{batches}" : Text(p));
            output.Flush();
        })));

    public static string Percent(EpochRecord record) =>
        string.Create(CultureInfo.InvariantCulture, $"{100 * record.Validation.Accuracy:0.00} %");

    public static string Text(TrainingProgress p) => string.Create(CultureInfo.InvariantCulture,
        $"epoch {p.Epoch}/{p.Epochs}, loss {p.Loss:0.0000}" +
        $"{(p.Validation is { } v ? $", test loss {v.Loss:0.0000}, test accuracy {100 * v.Accuracy:0.00} %" : "")}");
}
