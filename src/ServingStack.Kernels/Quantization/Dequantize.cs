using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Quantization;

/// <summary>ONNX DequantizeLinear from u8, s8 or s32 to f32, per tensor or per channel: (q - zero point) * scale.</summary>
public static class Dequantize
{
    public static BoundKernel Bind(DataType source, QuantizationAxis axis, nint x, nint y) => source switch
    {
        DataType.UInt8 => new Kernel<byte>(axis, x, y),
        DataType.Int8 => new Kernel<sbyte>(axis, x, y),
        DataType.Int32 => new Kernel<int>(axis, x, y),
        _ => throw new NotSupportedException($"DequantizeLinear of {source}: expected UInt8, Int8 or Int32."),
    };

    private sealed unsafe class Kernel<T>(QuantizationAxis axis, nint x, nint y) : ChannelKernel(axis, sizeof(float) + sizeof(T))
        where T : unmanaged
    {
        private const int Width = 16;

        public override string KernelName { get; } = $"dequantize_{KernelNames.Of<T>()}_f32";

        protected override void OneChannel(long start, long count, float scale, int zeroPoint)
        {
            var from = (T*)x + start;
            var to = (float*)y + start;
            var (factor, zero) = (Vector512.Create(scale), Vector512.Create(zeroPoint));
            long i = 0;
            for (; i <= count - Width; i += Width) (Vector512.ConvertToSingle(Load(from + i) - zero) * factor).Store(to + i);
            var rest = (int)(count - i);
            if (rest > 0) Lanes.Store(Vector512.ConvertToSingle(Load(from + i, rest) - zero) * factor, to + i, rest);
        }

        protected override void AllChannels(long start, float* scales, int* zeroPoints, long channels)
        {
            var from = (T*)x + start;
            var to = (float*)y + start;
            for (long i = 0; i < channels; i += Width)
            {
                var lanes = (int)Math.Min(Width, channels - i);
                var steps = Load(from + i, lanes) - Lanes.Load(zeroPoints + i, lanes);
                Lanes.Store(Vector512.ConvertToSingle(steps) * Lanes.Load(scales + i, lanes), to + i, lanes);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<int> Load(T* source) => sizeof(T) == 4 ? Vector512.Load((int*)source) : ByteLanes<T>.Load(source);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<int> Load(T* source, int count) =>
            sizeof(T) == 4 ? Lanes.Load((int*)source, count) : ByteLanes<T>.Load(source, count);
    }
}
