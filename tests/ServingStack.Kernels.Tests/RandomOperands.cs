using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests;

/// <summary>Random tensors and weights in ranges where results spread over the output's whole range.</summary>
internal static class RandomOperands
{
    public static GuardedBuffer Fill(Random random, DataType type, int bytes)
    {
        var buffer = new GuardedBuffer(bytes);
        if (type == DataType.Float32) Floats(random, buffer.Span<float>());
        else random.NextBytes(buffer.Bytes);
        return buffer;
    }

    public static GemmWeights Weights(Random random, DataType activations, Epilogue epilogue, int outputs, int count)
    {
        var depth = Math.Max(1, count / outputs);
        if (activations == DataType.Float32)
        {
            var b = new byte[count * sizeof(float)];
            Floats(random, MemoryMarshal.Cast<byte, float>(b.AsSpan()));
            var bias = new float[outputs];
            Floats(random, bias);
            return new GemmWeights { B = b, Bias = bias };
        }
        var weights = new byte[count];
        random.NextBytes(weights);
        // A sum's spread grows with the square root of the depth: bring it to about the range of a byte.
        var scale = (epilogue.Output == DataType.Float32 ? 0.01f : 1f) / (100 * MathF.Sqrt(depth));
        return new GemmWeights
        {
            B = weights,
            IntegerBias = Enumerable.Range(0, outputs).Select(_ => random.Next(-5000, 5000)).ToArray(),
            Scale = epilogue.Output == DataType.Int32
                ? default
                : Enumerable.Range(0, outputs).Select(_ => scale * (0.5f + random.NextSingle())).ToArray(),
            ZeroPointA = activations == DataType.UInt8 ? random.Next(0, 256) : random.Next(-128, 128),
        };
    }

    /// <summary>An epilogue of any kind that these activations allow.</summary>
    public static Epilogue AnyEpilogue(Random random, DataType activations)
    {
        if (activations == DataType.Float32)
            return new Epilogue
            {
                Output = DataType.Float32,
                Residual = random.Next(2) == 0 ? DataType.Float32 : null,
                ClampMin = random.Next(2) == 0 ? 0 : float.NegativeInfinity,
                ClampMax = random.Next(2) == 0 ? 6 : float.PositiveInfinity,
            };
        var output = new[] { DataType.UInt8, DataType.Int8, DataType.Float32, DataType.Int32 }[random.Next(4)];
        var quantized = output is DataType.UInt8 or DataType.Int8;
        var residuals = new DataType?[] { null, DataType.UInt8, DataType.Int8, DataType.Float32 };
        var residual = output == DataType.Int32 ? null : residuals[random.Next(4)];
        return new Epilogue
        {
            Output = output,
            Residual = residual,
            ResidualScale = random.NextSingle(),
            Before = residual is not null && random.Next(2) == 0
                ? new RoundedSum(0.5f + random.NextSingle(), -random.Next(0, 100), random.Next(0, 200))
                : null,
            ResidualZeroPoint = residual is DataType.UInt8 or DataType.Int8 ? random.Next(0, 100) : 0,
            OutputZeroPoint = quantized ? random.Next(0, 100) : 0,
            ClampMin = random.Next(2) == 0 ? random.Next(0, 40) : float.NegativeInfinity,
            ClampMax = random.Next(2) == 0 ? random.Next(41, 120) : float.PositiveInfinity,
        };
    }

    private static void Floats(Random random, Span<float> values)
    {
        foreach (ref var value in values) value = (random.NextSingle() * 2) - 1;
    }
}
