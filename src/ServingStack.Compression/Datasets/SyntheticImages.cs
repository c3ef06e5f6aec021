namespace ServingStack.Compression.Datasets;

/// <summary>
/// Seeded images for tests and trials without data: each class is a striped pattern of its own angle, seen at a random phase, contrast and
/// noise. A small convolutional network tells them apart; a single pixel does not.
/// </summary>
public static class SyntheticImages
{
    /// <summary>Makes <paramref name="count"/> grey images of <paramref name="extent"/> x <paramref name="extent"/>, classes in
    /// turn.</summary>
    public static ImageDataset Create(int count, int classes, int extent, int seed)
    {
        var random = new Random(seed);
        var pixels = new byte[count * extent * extent];
        var labels = new byte[count];
        for (var i = 0; i < count; i++)
        {
            labels[i] = (byte)(i % classes);
            Draw(pixels.AsSpan(i * extent * extent, extent * extent), extent, Math.PI * labels[i] / classes, random);
        }
        return new("synthetic", 1, extent, extent, pixels, labels,
            [.. Enumerable.Range(0, classes).Select(c => $"angle {180 * c / classes}")]);
    }

    private static void Draw(Span<byte> image, int extent, double angle, Random random)
    {
        var (sin, cos) = Math.SinCos(angle);
        var phase = random.NextDouble() * 2 * Math.PI;
        var contrast = 40 + (60 * random.NextDouble());
        for (var y = 0; y < extent; y++)
            for (var x = 0; x < extent; x++)
            {
                var wave = Math.Sin((((x * cos) + (y * sin)) * 1.2) + phase);
                image[(y * extent) + x] = (byte)Math.Clamp(128 + (contrast * wave) + (30 * (random.NextDouble() - 0.5)), 0, 255);
            }
    }
}
