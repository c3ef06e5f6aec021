using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// ONNX QuantizeLinear from f32 to u8 or s8, per tensor or per channel: saturate(round_half_even(x / scale) + zero point). It divides, as
/// the definition does: a product with the reciprocal lands on the other side of some halves. NaN gives the least number.
/// </summary>
public static class Quantize
{
    public static BoundKernel Bind(DataType target, QuantizationAxis axis, nint x, nint y) => target switch
    {
        DataType.UInt8 => new Kernel<byte>(axis, x, y),
        DataType.Int8 => new Kernel<sbyte>(axis, x, y),
        _ => throw new NotSupportedException($"QuantizeLinear to {target}: expected UInt8 or Int8."),
    };

    private sealed unsafe class Kernel<T>(QuantizationAxis axis, nint x, nint y) : ChannelKernel(axis, sizeof(float) + sizeof(T))
        where T : unmanaged
    {
        public override string KernelName { get; } = $"quantize_f32_{KernelNames.Of<T>()}";

        protected override void OneChannel(long start, long count, float scale, int zeroPoint)
        {
            var from = (float*)x + start;
            var to = (T*)y + start;
            var (divisor, zero) = (Vector512.Create(scale), Vector512.Create(zeroPoint));
            long i = 0;
            for (; i <= count - ByteLanes<T>.Count; i += ByteLanes<T>.Count)
                ByteLanes<T>.Store(Steps(Vector512.Load(from + i), divisor, zero), to + i);
            var rest = (int)(count - i);
            if (rest > 0) ByteLanes<T>.Store(Steps(Lanes.Load(from + i, rest), divisor, zero), to + i, rest);
        }

        protected override void AllChannels(long start, float* scales, int* zeroPoints, long channels)
        {
            var from = (float*)x + start;
            var to = (T*)y + start;
            for (long i = 0; i < channels; i += ByteLanes<T>.Count)
            {
                var lanes = (int)Math.Min(ByteLanes<T>.Count, channels - i);
                var steps = Steps(Lanes.Load(from + i, lanes), Lanes.Load(scales + i, lanes), Lanes.Load(zeroPoints + i, lanes));
                ByteLanes<T>.Store(steps, to + i, lanes);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<int> Steps(Vector512<float> x, Vector512<float> scale, Vector512<int> zeroPoint)
        {
            var low = Vector512.ConvertToSingle(Vector512.Create(ByteLanes<T>.Min) - zeroPoint);
            var high = Vector512.ConvertToSingle(Vector512.Create(ByteLanes<T>.Max) - zeroPoint);
            return VectorMath.RoundToInt32(VectorMath.Clamp(x / scale, low, high)) + zeroPoint;
        }
    }
}
