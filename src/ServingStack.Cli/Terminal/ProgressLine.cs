using Spectre.Console;

namespace ServingStack.Cli.Terminal;

/// <summary>Progress bars while something long runs, on the error stream: the output is the result alone.</summary>
internal static class ProgressLine
{
    private static readonly IAnsiConsole Terminal =
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Runs the work with one bar of <paramref name="total"/> steps; the work reports how many are done, and a text.</summary>
    public static T Show<T>(string title, double total, Func<Action<double, string>, T> work) =>
        Terminal.Progress()
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
