using System.Buffers.Binary;

namespace ServingStack.Compression.Datasets;

/// <summary>
/// Gzipped IDX files of unsigned bytes, the format of MNIST and its kin: two zero bytes, the element type (8 = unsigned byte), the rank,
/// the extents as big-endian 32-bit numbers, the elements row-major.
/// </summary>
public static class IdxFile
{
    private const byte UnsignedByte = 8;

    /// <summary>Reads an array of the given rank.</summary>
    /// <exception cref="DatasetException">The file is missing or is no such array.</exception>
    public static (int[] Extents, byte[] Elements) Read(string path, int rank)
    {
        var bytes = GzipFile.ReadAllBytes(path);
        var header = 4 + (4 * rank);
        if (bytes.Length < header || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != UnsignedByte || bytes[3] != rank)
            throw new DatasetException(
                $"'{path}' begins with {Convert.ToHexString(bytes.AsSpan(0, Math.Min(4, bytes.Length)))}, expected 0000080{rank}: an IDX " +
                    $"array of unsigned bytes of rank {rank}.");
        var extents = new int[rank];
        for (var i = 0; i < rank; i++) extents[i] = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4 + (4 * i)));
        var expected = extents.Aggregate(1L, (product, extent) => product * extent);
        if (bytes.Length - header != expected)
            throw new DatasetException($"'{path}' holds {bytes.Length - header} elements, but its header says " +
                $"{string.Join(" x ", extents)} = {expected}: download it again.");
        return (extents, bytes[header..]);
    }
}
