using System.Diagnostics.Metrics;
using System.Text.Json;
using ServingStack.Server.Options;
using ServingStack.Serving.Repository;
using ServingStack.Serving.Telemetry;
using ServingStack.Tests.Shared;

namespace ServingStack.Server.Tests.Hosting;

/// <summary>The README's tables say what the code says: no row missing, none too many.</summary>
public sealed class ReadmeTests
{
    private static readonly string[] Readme = File.ReadAllLines(Path.Combine(TestData.RepositoryRoot, "README.md"));

    [Fact]
    public void Options_AreThoseOfTheServer() => Assert.Equal(
        OptionTable.Rows.Select(row => $"| `{row.Switch} {row.Value}` | {row.Help} |"), Table("| option | meaning |"));

    [Fact]
    public void ModelSettings_AreThoseOfModelJson()
    {
        var settings = typeof(ModelSettings).GetProperties().Where(p => p.CanWrite).ToArray();
        var rows = Table("| key | default | meaning |").Select(row => row.Split('|')).ToArray();
        Assert.Equal(
            settings.Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).Order(),
            rows.Select(row => row[1].Trim(' ', '`')).Order());
        Assert.All(settings.Where(p => p.PropertyType != typeof(VersionPolicy)), p => Assert.Contains(
            rows, row => row[1].Contains($"`{JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)}`", StringComparison.Ordinal)
                && string.Equals(row[2].Trim(), $"{p.GetValue(new ModelSettings())}", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void Metrics_AreThoseOfTheMeter()
    {
        var instruments = new HashSet<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == ServingMetrics.MeterName) instruments.Add(PrometheusName(instrument));
            },
        };
        listener.Start();
        using var metrics = new ServingMetrics();
        var described = Table("| metric | type | what it counts |").Select(row => row.Split('`')[1]).ToArray();
        Assert.All(instruments, name => Assert.Contains(name, described));
        // Only a container with a CPU quota can be held back.
        Assert.All(described.Where(name => !name.Contains("_throttled_", StringComparison.Ordinal)), name => Assert.Contains(name, instruments));
    }

    private static string PrometheusName(Instrument instrument)
    {
        var type = instrument.GetType().Name;
        return instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "")
            + (type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("ObservableCounter", StringComparison.Ordinal) ? "_total" : "");
    }

    /// <summary>The rows of the table with this head.</summary>
    private static IEnumerable<string> Table(string head)
    {
        var at = Array.IndexOf(Readme, head);
        Assert.True(at >= 0, $"README.md has no table '{head}'");
        return Readme.Skip(at + 2).TakeWhile(line => line.StartsWith('|'));
    }
}
