using ServingStack.LoadTest.Load;

namespace ServingStack.LoadTest.Reports;

/// <summary>A whole run: what was asked, what came out, what was missed.</summary>
/// <param name="Peak">The peak rate that was found; null when none was looked for.</param>
/// <param name="Result">The load at the stated rate; null when only the peak was looked for.</param>
/// <param name="Missed">A line for each bound that was missed.</param>
internal sealed record LoadSummary(
    string Protocol,
    Uri Url,
    string Model,
    string? Version,
    int Batch,
    int Seed,
    double? Peak,
    LoadResult? Result,
    IReadOnlyList<string> Missed);
