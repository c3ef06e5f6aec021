using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Normalization;

/// <summary>
/// A factor and an addend a channel, channels last: <c>y = min(max(x * factor[c] + shift[c], clampMin), clampMax)</c>, x in one part or
/// several.
/// </summary>
public static class ChannelAffine
{
    /// <param name="pixels">Batch x height x width.</param>
    public static BoundKernel Bind(
        ChannelParts x, nint y, long pixels, ReadOnlySpan<float> factors, ReadOnlySpan<float> shifts,
        float clampMin = float.NegativeInfinity, float clampMax = float.PositiveInfinity)
    {
        if (factors.Length != x.Total || shifts.Length != x.Total)
            throw new ArgumentException($"{factors.Length} factors with {shifts.Length} shifts: expected {x.Total}, one a channel.");
        var (factor, shift) = (GC.AllocateArray<float>(x.Total, pinned: true), GC.AllocateArray<float>(x.Total, pinned: true));
        factors.CopyTo(factor);
        shifts.CopyTo(shift);
        return new Kernel(x, y, pixels, factor, shift, clampMin, clampMax);
    }

    private sealed unsafe class Kernel(
        ChannelParts x, nint y, long pixels, float[] factors, float[] shifts, float clampMin, float clampMax) : BoundKernel
    {
        public override string KernelName => "affine_f32_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(pixels, pixels * factors.Length * sizeof(float) * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(pixels, part, parts);
            // Both arrays are pinned for life.
            var factor = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(factors));
            var shift = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(shifts));
            for (var pixel = range.Start; pixel < range.End; pixel++)
            {
                var first = 0;
                for (var i = 0; i < x.Addresses.Length; i++)
                {
                    var channels = x.Channels[i];
                    var to = (float*)y + (pixel * factors.Length) + first;
                    Row((float*)x.Addresses[i] + (pixel * channels), to, factor + first, shift + first, channels);
                    first += channels;
                }
            }
        }

        private void Row(float* from, float* to, float* factor, float* shift, int channels)
        {
            var (low, high) = (Vector512.Create(clampMin), Vector512.Create(clampMax));
            var c = 0;
            for (; c <= channels - Vector512<float>.Count; c += Vector512<float>.Count)
            {
                var z = Vector512.FusedMultiplyAdd(Vector512.Load(from + c), Vector512.Load(factor + c), Vector512.Load(shift + c));
                Vector512.MinNative(high, Vector512.MaxNative(low, z)).Store(to + c);
            }
            if (c == channels) return;
            var rest = channels - c;
            var last = Vector512.FusedMultiplyAdd(Lanes.Load(from + c, rest), Lanes.Load(factor + c, rest), Lanes.Load(shift + c, rest));
            Lanes.Store(Vector512.MinNative(high, Vector512.MaxNative(low, last)), to + c, rest);
        }
    }
}
