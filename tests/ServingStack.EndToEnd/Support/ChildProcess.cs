using System.Diagnostics;
using System.Text;

namespace ServingStack.EndToEnd.Support;

/// <summary>A process that the tests started: its output is kept, and it ends with the test that started it.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // Far beyond what any of them takes; a hang becomes a failure that shows the output.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ChildProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>All lines of both streams until now.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public bool HasEnded => _process.HasExited;

    public static ChildProcess Start(string program, IEnumerable<string> arguments, string? folder = null) => new(new(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = folder ?? Path.GetTempPath(),
    });

    /// <summary>Starts a program of this repository, as it was built beside these tests.</summary>
    public static ChildProcess StartBuilt(string project, IEnumerable<string> arguments) =>
        Start(Dotnet, [BuiltProgram(project), .. arguments]);

    /// <summary>Waits for the process to end; the exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} did not end. Its output:\n{Output}");
        }
        return _process.ExitCode;
    }

    /// <summary>Asks until there is an answer that is not null; fails with the output when the process ends before, or time is up.</summary>
    public async Task<T> UntilAsync<T>(Func<Task<T?>> ask, string wanted) where T : class
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Delay(50))
        {
            if (await ask() is { } answer) return answer;
            if (HasEnded) break;
        }
        throw new TimeoutException($"No {wanted} from {_process.StartInfo.FileName}. Its output:\n{Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Dotnet => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private static string BuiltProgram(string project)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var name = Path.GetFileName(project);
        return Path.Combine(Tests.Shared.TestData.RepositoryRoot, project, "bin", here.Parent!.Name, here.Name, name + ".dll");
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output) _output.AppendLine(line);
    }
}
