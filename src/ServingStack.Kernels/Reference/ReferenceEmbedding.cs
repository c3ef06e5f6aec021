namespace ServingStack.Kernels.Reference;

/// <summary>
/// Rows picked by index, one element at a time. Indices are in range; negative ones count from the end.
/// </summary>
internal static class ReferenceEmbedding
{
    public static float[] Gather(float[] data, long[] indices, int outer, int rows, int width) =>
        [.. ReferenceTensor.Indices([outer, indices.Length, width]).Select(index =>
            data[(((index[0] * rows) + Row(indices[index[1]], rows)) * width) + index[2]])];

    private static long Row(long index, int rows) => index < 0 ? index + rows : index;
}
