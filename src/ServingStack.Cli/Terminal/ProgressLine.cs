using Spectre.Console;

namespace ServingStack.Cli.Terminal;

/// <summary>Progress bars while something long runs; plain nothing where the output is no terminal.</summary>
internal static class ProgressLine
{
    /// <summary>Runs the work with one bar of <paramref name="total"/> steps; the work reports how many are done, and a text.</summary>
    public static T Show<T>(string title, double total, Func<Action<double, string>, T> work) =>
        AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var task = context.AddTask(Markup.Escape(title), maxValue: total);
                return work((done, text) =>
                {
                    task.Value = done;
                    task.Description = Markup.Escape(text.Length == 0 ? title : $"{title}  {text}");
                });
            });
}

/// <summary>Hands a report on at once, on the same thread.</summary>
internal sealed class ProgressCall<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
