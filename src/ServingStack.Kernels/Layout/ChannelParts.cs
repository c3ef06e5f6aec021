namespace ServingStack.Kernels.Layout;

/// <summary>
/// Tensors that follow each other along their innermost axis without lying together: the parts of a pixel's channels. The arrays are pinned for
/// life.
/// </summary>
public sealed class ChannelParts
{
    /// <param name="addresses">Of each part's first pixel.</param>
    /// <param name="channels">Of each part; its pixels are dense.</param>
    public ChannelParts(ReadOnlySpan<nint> addresses, ReadOnlySpan<int> channels)
    {
        if (addresses.Length == 0 || addresses.Length != channels.Length || channels.ContainsAnyExceptInRange(1, int.MaxValue))
            throw new ArgumentException($"{addresses.Length} parts of {string.Join(", ", channels.ToArray())} channels: each needs 1 or more.");
        Addresses = addresses.ToArray();
        Channels = channels.ToArray();
        Total = Channels.Sum();
    }

    public int Total { get; }

    internal nint[] Addresses { get; }

    internal int[] Channels { get; }
}
