using ServingStack.LoadTest.Load;
using Spectre.Console;

namespace ServingStack.LoadTest.Reports;

/// <summary>One line on the error stream while a load runs: rewritten on a terminal, a new one every few seconds elsewhere.</summary>
internal sealed class ProgressLine(TextWriter error)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Elsewhere = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });

    /// <summary>Runs the load on a thread of its own and reports on it until it ends.</summary>
    public async Task ShowAsync(string title, LoadRecorder recorder, TimeSpan planned, Func<Task> load)
    {
        var ownThread = TaskCreationOptions.LongRunning;
        var running = Task.Factory.StartNew(load, CancellationToken.None, ownThread, TaskScheduler.Default).Unwrap();
        if (_console.Profile.Capabilities.Interactive && ReferenceEquals(error, Console.Error))
            await _console.Status().StartAsync(Markup.Escape(title), status => FollowAsync(running, OnTerminal,
                elapsed => status.Status = Markup.Escape(TextOf(title, recorder, elapsed, planned)))).ConfigureAwait(false);
        else
            await FollowAsync(running, Elsewhere,
                elapsed => error.WriteLine(TextOf(title, recorder, elapsed, planned))).ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }

    public static string TextOf(string title, LoadRecorder recorder, TimeSpan elapsed, TimeSpan planned) =>
        $"{title}: {elapsed.TotalSeconds:0} of {planned.TotalSeconds:0} s, {recorder.AnsweredRate:0} answers/s, "
        + $"{recorder.InFlight} in flight, p99 {recorder.Latency.At(99).TotalMilliseconds:0.00} ms, {recorder.Errors.Total} errors";

    private static async Task FollowAsync(Task running, TimeSpan interval, Action<TimeSpan> show)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (await Task.WhenAny(running, Task.Delay(interval)).ConfigureAwait(false) != running) show(clock.Elapsed);
    }
}
