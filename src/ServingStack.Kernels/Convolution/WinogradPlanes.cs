namespace ServingStack.Kernels.Convolution;

/// <summary>
/// The transformed inputs or products of a block of tiles: one plane a point, in a plane one row a tile, in a row the channels, filled up
/// to whole vectors. Rows and planes are moved apart by a cache line, or those of many channels would share a few sets of the cache.
/// </summary>
internal readonly record struct WinogradPlanes(int Points, int Tiles, int Channels)
{
    private const int LineFloats = 16;

    /// <summary>Floats between rows.</summary>
    public int RowStep => ((Channels + LineFloats - 1) / LineFloats * LineFloats) + LineFloats;

    /// <summary>Floats between planes.</summary>
    public int PlaneStep => (Tiles * RowStep) + LineFloats;

    public long Bytes => (long)Points * PlaneStep * sizeof(float);
}
