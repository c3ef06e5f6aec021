using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// Cuts a tensor [outer, channels, inner] with a scale per channel into runs: along the elements where one scale serves all, along a
/// channel's elements where they are contiguous, along the channels where those are.
/// </summary>
internal abstract unsafe class ChannelKernel(QuantizationAxis axis, int bytesPerElement) : BoundKernel
{
    // Elements per unit of splitting; a multiple of every vector's length.
    private const int Grain = 256;

    private readonly bool _oneScale = axis.Channels == 1;
    private readonly bool _channelsInnermost = axis.Inner == 1;

    public override int MaxParts { get; } = PartRange.MaxParts(
        axis.Channels == 1 ? axis.Count / Grain : axis.Inner == 1 ? axis.Outer : axis.Outer * axis.Channels, axis.Count * bytesPerElement);

    public override void Run(int part, int parts)
    {
        if (_oneScale) RunElements(PartRange.Of(axis.Count, part, parts, Grain));
        else if (_channelsInnermost) RunRows(PartRange.Of(axis.Outer, part, parts));
        else RunChannels(PartRange.Of(axis.Outer * axis.Channels, part, parts));
    }

    /// <summary>Elements <paramref name="start"/> .. start + count, all of one channel.</summary>
    protected abstract void OneChannel(long start, long count, float scale, int zeroPoint);

    /// <summary>The elements from <paramref name="start"/> on, one per channel.</summary>
    protected abstract void AllChannels(long start, float* scales, int* zeroPoints, long channels);

    private void RunElements(PartRange range) => OneChannel(range.Start, range.End - range.Start, axis.Scales[0], axis.ZeroPoints[0]);

    private void RunRows(PartRange range)
    {
        var scales = First(axis.Scales);
        var zeroPoints = First(axis.ZeroPoints);
        for (var row = range.Start; row < range.End; row++) AllChannels(row * axis.Channels, scales, zeroPoints, axis.Channels);
    }

    private void RunChannels(PartRange range)
    {
        for (var item = range.Start; item < range.End; item++)
        {
            var channel = (int)(item % axis.Channels);
            OneChannel(item * axis.Inner, axis.Inner, axis.Scales[channel], axis.ZeroPoints[channel]);
        }
    }

    // The arrays are pinned for life.
    private static T* First<T>(T[] pinned)
        where T : unmanaged => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
}
