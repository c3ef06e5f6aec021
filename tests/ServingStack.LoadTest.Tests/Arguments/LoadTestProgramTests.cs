using ServingStack.LoadTest.Tests.Support;

namespace ServingStack.LoadTest.Tests.Arguments;

/// <summary>The program from the command line to the exit code.</summary>
public sealed class LoadTestProgramTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Theory]
    [InlineData("--model is missing")]
    [InlineData("--rate is '0': give requests a second", "--model", "m", "--rate", "0")]
    [InlineData("--rate is '-5%'", "--model", "m", "--rate", "-5%")]
    [InlineData("--rate is 'NaN'", "--model", "m", "--rate", "NaN")]
    [InlineData("--duration is '30': give a number and its unit", "--model", "m", "--duration", "30")]
    [InlineData("--duration is '0s'", "--model", "m", "--duration", "0s")]
    [InlineData("--max-p99 is 'fast'", "--model", "m", "--max-p99", "fast")]
    [InlineData("--protocol is 'soap': give rest or rest-json or grpc", "--model", "m", "--protocol", "soap")]
    [InlineData("--url is 'localhost:8000': give the server's address", "--model", "m", "--url", "localhost:8000")]
    [InlineData("--batch is 0: give 1 or more", "--model", "m", "--batch", "0")]
    [InlineData("--input-range is 'x'", "--model", "m", "--input-range", "x")]
    [InlineData("--input-range names 'x' twice", "--model", "m", "--input-range", "x=0:1", "--input-range", "x=0:2")]
    [InlineData("--request is '/nowhere.json'", "--model", "m", "--request", "/nowhere.json")]
    [InlineData("'--speed'", "--model", "m", "--speed", "9")]
    public async Task Run_ArgumentThatCannotBeMeant_IsOneLineAndExitCode2(string expected, params string[] args)
    {
        Assert.Equal(2, await LoadTestProgram.RunAsync(args, _output, _error));
        Assert.StartsWith("error: ", _error.ToString());
        Assert.Contains(expected, _error.ToString());
        Assert.Single(_error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Help_TeachesByExample()
    {
        Assert.Equal(0, await LoadTestProgram.RunAsync(["--help"], _output, _error));
        Assert.Contains("--rate 50% --max-p99 15ms --max-errors 0", _output.ToString());
    }

    [Fact]
    public async Task Run_NobodyListens_SaysHowToStartAServer()
    {
        using var server = new FakeHttpServer("m");
        var url = server.Url;
        server.Dispose();

        Assert.Equal(2, await LoadTestProgram.RunAsync(["--model", "m", "--url", url], _output, _error));
        Assert.Contains($"No server answers at {url}", _error.ToString());
        Assert.Contains("src/ServingStack.Server", _error.ToString());
    }

    [Fact]
    public async Task Run_UnknownModel_RepeatsTheServersWords()
    {
        using var server = new FakeHttpServer("m");

        Assert.Equal(2, await LoadTestProgram.RunAsync(["--model", "n", "--url", server.Url], _output, _error));
        Assert.Contains("no model here", _error.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0, "--max-p99", "1h", "--max-errors", "0", "--min-rate", "0.001")]
    [InlineData(1, "--max-p99", "1us")]
    [InlineData(1, "--min-rate", "1e9")]
    public async Task Run_Bounds_DecideTheExitCode(int expected, params string[] bounds)
    {
        using var server = new FakeHttpServer("m");

        var code = await LoadTestProgram.RunAsync(
            ["--model", "m", "--url", server.Url, "--rate", "200", "--duration", "200ms", "--warm-up", "0s", .. bounds], _output, _error);

        Assert.Equal(expected, code);
        Assert.Contains("p99.9", _output.ToString());
        Assert.Equal(expected == 1, _error.ToString().Contains("bound missed: "));
    }

    [Fact]
    public async Task Run_Files_HoldTheResult()
    {
        using var server = new FakeHttpServer("m");
        var (json, hgrm) = (Path.GetTempFileName(), Path.GetTempFileName());

        string[] args = ["--model", "m", "--url", server.Url, "--rate", "200", "--duration", "200ms", "--warm-up", "0s"];
        Assert.Equal(0, await LoadTestProgram.RunAsync([.. args, "--json", json, "--hgrm", hgrm], _output, _error));

        using var report = System.Text.Json.JsonDocument.Parse(File.ReadAllText(json));
        var load = report.RootElement.GetProperty("load");
        Assert.Equal(load.GetProperty("sent").GetInt64(), load.GetProperty("answered").GetInt64());
        Assert.True(load.GetProperty("latency_ms").GetProperty("p99").GetDouble() > 0);
        Assert.Contains("Total count", File.ReadAllText(hgrm));
        File.Delete(json);
        File.Delete(hgrm);
    }
}
