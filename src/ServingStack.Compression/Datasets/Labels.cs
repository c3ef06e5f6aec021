namespace ServingStack.Compression.Datasets;

/// <summary>What every labelled set must satisfy.</summary>
internal static class Labels
{
    public static void Check(ReadOnlySpan<byte> labels, int classes, string file)
    {
        for (var i = 0; i < labels.Length; i++)
            if (labels[i] >= classes)
                throw new DatasetException($"'{file}' labels record {i} with {labels[i]}, expected 0..{classes - 1}: it is not the file " +
                    "that its name says.");
    }
}
