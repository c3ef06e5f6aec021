namespace ServingStack.Cli.Tests;

/// <summary>A picture made of horizontal runs of grey, as Fashion-MNIST shows garments: light on black, 28 x 28.</summary>
internal static class Drawing
{
    private const int Extent = 28;

    /// <summary>A pair of trousers: a waistband, a seat, two legs that part and narrow; the folds are a little darker.</summary>
    public static float[] Trouser()
    {
        var pixels = new float[Extent * Extent];
        for (var y = 1; y < Extent - 1; y++)
        {
            var outer = y < 4 ? 9 : 8;
            var gap = y < 8 ? 0 : 1 + ((y - 8) / 9);
            Fill(pixels, y, outer, 14 - gap);
            Fill(pixels, y, 14 + gap, Extent - outer);
        }
        return pixels;
    }

    private static void Fill(float[] pixels, int y, int left, int right)
    {
        for (var x = left; x < right; x++)
        {
            var edge = x == left || x == right - 1;
            pixels[(y * Extent) + x] = edge ? 0.6f : y is 1 or 2 ? 0.9f : 0.8f;
        }
    }
}
