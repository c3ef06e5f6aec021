namespace ServingStack.LoadTest.Load;

/// <summary>The points of a distribution of durations that are reported.</summary>
internal readonly record struct LatencySummary(TimeSpan P50, TimeSpan P90, TimeSpan P99, TimeSpan P999, TimeSpan Max);
