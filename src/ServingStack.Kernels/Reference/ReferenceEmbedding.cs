namespace ServingStack.Kernels.Reference;

/// <summary>
/// Rows picked by index, and bags of them, one element at a time. Indices are in range; negative ones count from the end.
/// </summary>
internal static class ReferenceEmbedding
{
    public static float[] Gather(float[] data, long[] indices, int outer, int rows, int width) =>
        [.. ReferenceTensor.Indices([outer, indices.Length, width]).Select(index =>
            data[(((index[0] * rows) + Row(indices[index[1]], rows)) * width) + index[2]])];

    public static float[] Bag(float[] table, long[] indices, int rows, int width, int bags, bool mean)
    {
        var perBag = indices.Length / bags;
        return [.. ReferenceTensor.Indices([bags, width]).Select(index =>
        {
            float sum = 0;
            for (var i = 0; i < perBag; i++) sum += table[(Row(indices[(index[0] * perBag) + i], rows) * width) + index[1]];
            return mean && perBag > 0 ? sum / perBag : sum;
        })];
    }

    private static long Row(long index, int rows) => index < 0 ? index + rows : index;
}
