using System.Runtime.InteropServices;

namespace ServingStack.Graphs.Tests.Support;

/// <summary>Seeded inputs: normal numbers for floats, small ones for integers.</summary>
internal static class RandomTensors
{
    /// <summary>
    /// One tensor for each input of the graph; open dimensions become <paramref name="batch"/>, one called "sequence" <paramref
    /// name="length"/>.
    /// </summary>
    public static Tensor[] ForInputs(Graph graph, int seed, long batch = 2, long length = 2)
    {
        var random = new Random(seed);
        return [.. graph.Inputs.Select(i => Of(i.ElementType, Extents(i.Shape!, batch, length), random))];
    }

    private static long[] Extents(Shape shape, long batch, long length) =>
        [.. shape.Select(d => d.IsFixed ? d.Value : d.Symbol == "sequence" ? length : batch)];

    public static Tensor Of(ElementType type, long[] dimensions, Random random)
    {
        var bytes = new byte[type.BytesFor(dimensions.Aggregate(1L, (a, b) => a * b))];
        if (type == ElementType.Float32)
            foreach (ref var x in MemoryMarshal.Cast<byte, float>(bytes.AsSpan())) x = Gaussian(random);
        else if (type is ElementType.UInt8 or ElementType.Int8) random.NextBytes(bytes);
        else if (type == ElementType.Int64)
            foreach (ref var x in MemoryMarshal.Cast<byte, long>(bytes.AsSpan())) x = random.Next(0, 4);
        return new Tensor(type, dimensions, bytes);
    }

    private static float Gaussian(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
