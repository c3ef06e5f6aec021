using System.CommandLine;
using ServingStack.LoadTest.Arguments;
using ServingStack.LoadTest.Requests;

namespace ServingStack.LoadTest;

/// <summary>The whole program, callable from tests.</summary>
internal static class LoadTestProgram
{
    /// <summary>The load could not be run.</summary>
    public const int CannotRun = 2;

    /// <summary>Runs and returns the exit code; what the user can mend is one line on <paramref name="error"/>.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = LoadTestCommand.Create((options, stop) => RunAsync(options, output, error, stop)).Parse(args);
        if (parsed.Errors.Count > 0) return Fail(error, $"{parsed.Errors[0].Message} Try --help.");
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error };
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (Exception e) when (e is UsageException or IOException or UnauthorizedAccessException)
        {
            return Fail(error, e.Message);
        }
        catch (OperationCanceledException)
        {
            return Fail(error, "stopped");
        }
    }

    private static async Task<int> RunAsync(LoadOptions options, TextWriter output, TextWriter error, CancellationToken stop)
    {
        using var target = await Target.OpenAsync(options.Target, stop).ConfigureAwait(false);
        return await new LoadRun(options, target.Send, output, error).RunAsync(stop).ConfigureAwait(false);
    }

    private static int Fail(TextWriter error, string message)
    {
        error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
        return CannotRun;
    }
}
