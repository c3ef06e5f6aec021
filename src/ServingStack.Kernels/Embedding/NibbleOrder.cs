namespace ServingStack.Kernels.Embedding;

/// <summary>
/// Where a row's 4-bit codes lie. Vectors of 16 codes are taken in groups of 8, 4, 2 and 1, largest first; in a group of n each of 16
/// lanes has n codes, one of each vector, the first in the lowest bits. So a vector comes out of a load and one shift, already in its
/// order, and the bits above it do no harm. The group of 1 has 8 bytes, half a byte a lane: even lanes from its first four bytes, odd
/// lanes from the others.
/// </summary>
internal static class NibbleOrder
{
    public const int Lanes = 16;
    public const int LargestGroup = 8;

    /// <summary>Bytes of the codes; codes that fill up the last vector are zero.</summary>
    public static int ByteLength(int dimension) => VectorCount(dimension) * Lanes / 2;

    public static int VectorCount(int dimension) => (dimension + Lanes - 1) / Lanes;

    /// <summary>The group of a vector, when that many vectors are left from the group's first on.</summary>
    public static int GroupSize(int vectorsLeft) => vectorsLeft >= 8 ? 8 : vectorsLeft >= 4 ? 4 : vectorsLeft >= 2 ? 2 : 1;

    /// <summary>The byte that holds an element's code, and by how many bits it is shifted there.</summary>
    public static (int Byte, int Shift) Place(int element, int dimension)
    {
        var (vector, lane) = Math.DivRem(element, Lanes);
        var (first, vectors) = (0, VectorCount(dimension));
        var group = GroupSize(vectors);
        for (; vector >= first + group; group = GroupSize(vectors - first)) first += group;
        var start = first * Lanes / 2;
        var nibble = group == 1 ? (lane % 2 * 8) + (lane / 2) : (lane * group) + vector - first;
        return (start + (nibble / 2), nibble % 2 * 4);
    }
}
