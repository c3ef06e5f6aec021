using ServingStack.LoadTest.Load;
using ServingStack.LoadTest.Requests;

namespace ServingStack.LoadTest.Arguments;

/// <summary>A load as the command line states it.</summary>
internal sealed record LoadOptions
{
    public required TargetOptions Target { get; init; }

    public required LoadRate Rate { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TimeSpan WarmUp { get; init; }

    /// <summary>How long each step of the search for the peak runs.</summary>
    public required TimeSpan Step { get; init; }

    /// <summary>Whether to look for the peak only.</summary>
    public required bool FindPeakOnly { get; init; }

    public required int MaxInFlight { get; init; }

    public required Bounds Bounds { get; init; }

    public string? JsonFile { get; init; }

    public string? HistogramFile { get; init; }
}
