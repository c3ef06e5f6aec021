using Spectre.Console;

namespace ServingStack.Benchmarks;

/// <summary>Says on the terminal what is being measured. On a pipe it says nothing: there only the report is wanted.</summary>
internal static class Progress
{
    public static IReadOnlyList<TRow> Over<TItem, TRow>(
        string what, IReadOnlyList<TItem> items, Func<TItem, string> name, Func<TItem, TRow> measure)
    {
        if (Console.IsOutputRedirected) return [.. items.Select(measure)];
        return AnsiConsole.Status().Start(what, status => items.Select((item, i) =>
        {
            status.Status($"{what} {i + 1} of {items.Count}: {Markup.Escape(name(item))}");
            return measure(item);
        }).ToArray());
    }
}
