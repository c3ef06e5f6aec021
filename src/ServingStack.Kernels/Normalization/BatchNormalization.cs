using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Normalization;

/// <summary>
/// ONNX BatchNormalization at inference, channels last: y = x * factor[c] + shift[c] with factor = scale / sqrt(variance + epsilon) and
/// shift = bias - mean * factor, worked out once in double precision; then min(max(y, clampMin), clampMax). y may be x.
/// </summary>
public static class BatchNormalization
{
    /// <param name="pixels">Batch x height x width.</param>
    public static BoundKernel Bind(
        nint x, nint y, long pixels,
        ReadOnlySpan<float> scale, ReadOnlySpan<float> bias, ReadOnlySpan<float> mean, ReadOnlySpan<float> variance,
        float epsilon = 1e-5f, float clampMin = float.NegativeInfinity, float clampMax = float.PositiveInfinity)
    {
        var factors = GC.AllocateArray<float>(scale.Length, pinned: true);
        var shifts = GC.AllocateArray<float>(scale.Length, pinned: true);
        for (var c = 0; c < scale.Length; c++)
        {
            var factor = scale[c] / Math.Sqrt((double)variance[c] + epsilon);
            (factors[c], shifts[c]) = ((float)factor, (float)(bias[c] - (mean[c] * factor)));
        }

        return new Kernel(x, y, pixels, factors, shifts, clampMin, clampMax);
    }

    private sealed unsafe class Kernel(
        nint x, nint y, long pixels, float[] factors, float[] shifts, float clampMin, float clampMax) : BoundKernel
    {
        public override string KernelName => "batchnormalization_f32_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(pixels, pixels * factors.Length * sizeof(float) * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(pixels, part, parts);
            for (var pixel = range.Start; pixel < range.End; pixel++)
                Pixel((float*)x + (pixel * factors.Length), (float*)y + (pixel * factors.Length));
        }

        private void Pixel(float* from, float* to)
        {
            // Both arrays are pinned for life.
            var factor = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(factors));
            var shift = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(shifts));
            var (low, high) = (Vector512.Create(clampMin), Vector512.Create(clampMax));
            const int Width = 16;
            var c = 0;
            for (; c <= factors.Length - Width; c += Width)
            {
                var z = Vector512.FusedMultiplyAdd(Vector512.Load(from + c), Vector512.Load(factor + c), Vector512.Load(shift + c));
                Vector512.MinNative(high, Vector512.MaxNative(low, z)).Store(to + c);
            }

            var rest = factors.Length - c;
            if (rest == 0) return;
            var last = Vector512.FusedMultiplyAdd(Lanes.Load(from + c, rest), Lanes.Load(factor + c, rest), Lanes.Load(shift + c, rest));
            Lanes.Store(Vector512.MinNative(high, Vector512.MaxNative(low, last)), to + c, rest);
        }
    }
}
