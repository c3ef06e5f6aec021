namespace ServingStack.Zoo.Networks;

/// <summary>
/// Random numbers that the same seed gives again on every machine, fast enough for a hundred million weights: SplitMix64 (Steele et al.
/// 2014), and a bell curve as the sum of four uniform numbers.
/// </summary>
internal sealed class SeededNumbers(int seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>Bell-shaped about 0 with the given deviation, none further out than 3.5 deviations.</summary>
    public float[] Normal(int count, double deviation)
    {
        // Each uniform 16-bit number has the variance 2^32 / 12.
        var unit = deviation / Math.Sqrt(4.0 / 12) / 65536;
        var values = new float[count];
        for (var i = 0; i < values.Length; i++)
        {
            var bits = Next();
            var sum = (long)(bits & 0xFFFF) + (long)((bits >> 16) & 0xFFFF) + (long)((bits >> 32) & 0xFFFF) + (long)(bits >> 48);
            values[i] = (float)((sum - (2 * 65535)) * unit);
        }
        return values;
    }

    public float[] Uniform(int count, double least, double most)
    {
        var values = new float[count];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(least + ((most - least) * (Next() >> 11) / (1UL << 53)));
        return values;
    }

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
