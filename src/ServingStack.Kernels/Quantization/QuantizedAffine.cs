using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// A factor and an addend a channel on 8-bit numbers, channels last, to 8-bit numbers of another scale: a normalization and its activation
/// between two quantized layers. <c>y = clamp(round_half_even((x - zero point) * factor[c] + shift[c]) + zero point, clampMin,
/// clampMax)</c>, with factor and shift in output steps, worked out once in double precision.
/// </summary>
public static class QuantizedAffine
{
    /// <param name="x">In one part or several, all of one scale.</param>
    /// <param name="y">Dense.</param>
    /// <param name="pixels">Batch x height x width.</param>
    /// <param name="factors">Of real numbers, one a channel.</param>
    /// <param name="shifts">Of real numbers, one a channel.</param>
    /// <param name="clampMin">In output numbers: a fused Relu or Clip; the type's range applies in any case.</param>
    public static BoundKernel Bind(
        ChannelParts x, nint y, long pixels, ReadOnlySpan<float> factors, ReadOnlySpan<float> shifts,
        QuantizationParameters from, QuantizationParameters to,
        float clampMin = float.NegativeInfinity, float clampMax = float.PositiveInfinity)
    {
        from.Check();
        to.Check();
        if (factors.Length != x.Total || shifts.Length != x.Total)
            throw new ArgumentException($"{factors.Length} factors with {shifts.Length} shifts: expected {x.Total}, one a channel.");
        var constants = new Constants(factors, shifts, from, to, clampMin, clampMax);
        return (from.Type, to.Type) switch
        {
            (DataType.Int8, DataType.Int8) => new Kernel<sbyte, sbyte>(x, y, pixels, constants),
            (DataType.Int8, _) => new Kernel<sbyte, byte>(x, y, pixels, constants),
            (_, DataType.Int8) => new Kernel<byte, sbyte>(x, y, pixels, constants),
            _ => new Kernel<byte, byte>(x, y, pixels, constants),
        };
    }

    /// <summary>In output steps; the arrays are pinned for life.</summary>
    private sealed class Constants
    {
        public Constants(
            ReadOnlySpan<float> factors, ReadOnlySpan<float> shifts, QuantizationParameters from, QuantizationParameters to,
            float clampMin, float clampMax)
        {
            Factors = GC.AllocateArray<float>(factors.Length, pinned: true);
            Shifts = GC.AllocateArray<float>(factors.Length, pinned: true);
            for (var c = 0; c < factors.Length; c++)
            {
                Factors[c] = (float)((double)from.Scale * factors[c] / to.Scale);
                Shifts[c] = (float)((double)shifts[c] / to.Scale);
            }
            (ZeroX, ZeroY) = (from.ZeroPoint, to.ZeroPoint);
            Low = MathF.Max(clampMin, to.Least) - to.ZeroPoint;
            High = MathF.Min(clampMax, to.Most) - to.ZeroPoint;
        }

        public float[] Factors { get; }

        public float[] Shifts { get; }

        public int ZeroX { get; }

        public int ZeroY { get; }

        public float Low { get; }

        public float High { get; }
    }

    private sealed unsafe class Kernel<TX, TY>(ChannelParts x, nint y, long pixels, Constants constants) : BoundKernel
        where TX : unmanaged
        where TY : unmanaged
    {
        // A block's pixels stay in the first-level cache from one group of channels to the next.
        private const int Block = 32;

        private readonly int _channels = constants.Factors.Length;

        public override string KernelName { get; } = $"qaffine_{KernelNames.Of<TX>()}{KernelNames.Of<TY>()}_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(pixels, pixels * constants.Factors.Length * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(pixels, part, parts);
            for (var pixel = range.Start; pixel < range.End; pixel += Block)
            {
                var count = (int)Math.Min(Block, range.End - pixel);
                var first = 0;
                for (var i = 0; i < x.Addresses.Length; i++)
                {
                    var channels = x.Channels[i];
                    Part((TX*)x.Addresses[i] + (pixel * channels), channels, (TY*)y + (pixel * _channels) + first, first, count);
                    first += channels;
                }
            }
        }

        /// <summary>Sixteen channels of all pixels of a block at a time, so that their constants are loaded once.</summary>
        private void Part(TX* from, int channels, TY* to, int first, int count)
        {
            // Both arrays are pinned for life.
            var factors = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(constants.Factors)) + first;
            var shifts = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(constants.Shifts)) + first;
            for (var c = 0; c < channels; c += ByteLanes<TX>.Count)
            {
                var lanes = Math.Min(ByteLanes<TX>.Count, channels - c);
                Column(from + c, channels, to + c, Lanes.Load(factors + c, lanes), Lanes.Load(shifts + c, lanes), lanes, count);
            }
        }

        private void Column(TX* from, int stride, TY* to, Vector512<float> factor, Vector512<float> shift, int lanes, int count)
        {
            var (zeroX, zeroY) = (Vector512.Create(constants.ZeroX), Vector512.Create(constants.ZeroY));
            var (low, high) = (Vector512.Create(constants.Low), Vector512.Create(constants.High));
            var whole = lanes == ByteLanes<TX>.Count;
            for (var i = 0; i < count; i++, from += stride, to += _channels)
            {
                var z = whole ? ByteLanes<TX>.Load(from) : ByteLanes<TX>.Load(from, lanes);
                var steps = Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(z - zeroX), factor, shift);
                // Bytes give no NaN, so the machine's own minimum and maximum will do.
                steps = Vector512.MinNative(high, Vector512.MaxNative(low, steps));
                var result = VectorMath.RoundToInt32(steps) + zeroY;
                if (whole) ByteLanes<TY>.Store(result, to);
                else ByteLanes<TY>.Store(result, to, lanes);
            }
        }
    }
}
