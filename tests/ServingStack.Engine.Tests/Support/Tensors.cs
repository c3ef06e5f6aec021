using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Support;

/// <summary>Seeded random tensors.</summary>
internal static class Tensors
{
    /// <summary>Numbers that a network might see: floats from -2 to 2, small integers, any byte.</summary>
    public static Tensor Random(Random random, ElementType type, params long[] shape)
    {
        var count = (int)shape.Aggregate(1L, (product, extent) => product * extent);
        return type switch
        {
            ElementType.Float32 => Fill(count, shape, () => (random.NextSingle() * 4) - 2),
            ElementType.UInt8 => Fill(count, shape, () => (byte)random.Next(256)),
            ElementType.Int8 => Fill(count, shape, () => (sbyte)random.Next(-128, 128)),
            ElementType.Int32 => Fill(count, shape, () => random.Next(-10, 11)),
            ElementType.Int64 => Fill(count, shape, () => (long)random.Next(-10, 11)),
            ElementType.Bool => Fill(count, shape, () => random.Next(2) == 1),
            _ => throw new NotSupportedException($"No random tensor of {type}."),
        };
    }

    public static Tensor Floats(Random random, params long[] shape) => Random(random, ElementType.Float32, shape);

    private static Tensor Fill<T>(int count, long[] shape, Func<T> next) where T : unmanaged
    {
        var values = new T[count];
        for (var i = 0; i < count; i++) values[i] = next();
        return Tensor.From<T>(values, shape);
    }
}
