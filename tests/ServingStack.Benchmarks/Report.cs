using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary>Rows as a table for people and as JSON for machines. The columns that hold text come first.</summary>
internal sealed class Report<TRow>(params (string Name, Func<TRow, string> Text)[] columns)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Empty where there is no number.</summary>
    public static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    public void Print(string title, IReadOnlyList<TRow> rows, FileInfo? json)
    {
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 160);
        AnsiConsole.WriteLine(title);
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (name, text) in columns)
            table.AddColumn(rows.All(row => IsNumber(text(row))) ? new TableColumn(name).RightAligned() : new TableColumn(name));
        foreach (var row in rows) table.AddRow([.. columns.Select(column => Markup.Escape(column.Text(row)))]);
        AnsiConsole.Write(table);
        if (json is not null) File.WriteAllText(json.FullName, JsonSerializer.Serialize(rows, Json));
    }

    private static bool IsNumber(string text) => text.Length == 0 || double.TryParse(text, CultureInfo.InvariantCulture, out _);
}
