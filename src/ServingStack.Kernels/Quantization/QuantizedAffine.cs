using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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
    /// <param name="pixels">Batch x height x width.</param>
    /// <param name="factors">Of real numbers, one a channel.</param>
    /// <param name="shifts">Of real numbers, one a channel.</param>
    /// <param name="clampMin">In output numbers: a fused Relu or Clip; the type's range applies in any case.</param>
    public static BoundKernel Bind(
        nint x, nint y, long pixels, ReadOnlySpan<float> factors, ReadOnlySpan<float> shifts,
        QuantizationParameters from, QuantizationParameters to,
        float clampMin = float.NegativeInfinity, float clampMax = float.PositiveInfinity)
    {
        from.Check();
        to.Check();
        if (factors.Length == 0 || factors.Length != shifts.Length)
            throw new ArgumentException($"{factors.Length} factors with {shifts.Length} shifts: expected as many of both, one a channel.");
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

    private sealed unsafe class Kernel<TX, TY>(nint x, nint y, long pixels, Constants constants) : BoundKernel
        where TX : unmanaged
        where TY : unmanaged
    {
        private readonly int _channels = constants.Factors.Length;

        public override string KernelName { get; } = $"qaffine_{KernelNames.Of<TX>()}{KernelNames.Of<TY>()}_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(pixels, pixels * constants.Factors.Length * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(pixels, part, parts);
            var factors = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(constants.Factors));
            var shifts = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(constants.Shifts));
            for (var pixel = range.Start; pixel < range.End; pixel++)
                Pixel((TX*)x + (pixel * _channels), (TY*)y + (pixel * _channels), factors, shifts);
        }

        private void Pixel(TX* from, TY* to, float* factors, float* shifts)
        {
            var (zeroX, zeroY) = (Vector512.Create(constants.ZeroX), Vector512.Create(constants.ZeroY));
            var (low, high) = (Vector512.Create(constants.Low), Vector512.Create(constants.High));
            var c = 0;
            for (; c <= _channels - ByteLanes<TX>.Count; c += ByteLanes<TX>.Count)
                ByteLanes<TY>.Store(
                    Affine(ByteLanes<TX>.Load(from + c) - zeroX, Vector512.Load(factors + c), Vector512.Load(shifts + c), low, high) + zeroY,
                    to + c);
            var rest = _channels - c;
            if (rest == 0) return;
            var (factor, shift) = (Lanes.Load(factors + c, rest), Lanes.Load(shifts + c, rest));
            ByteLanes<TY>.Store(Affine(ByteLanes<TX>.Load(from + c, rest) - zeroX, factor, shift, low, high) + zeroY, to + c, rest);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<int> Affine(
            Vector512<int> x, Vector512<float> factor, Vector512<float> shift, Vector512<float> low, Vector512<float> high)
        {
            var steps = Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(x), factor, shift);
            return VectorMath.RoundToInt32(VectorMath.Clamp(steps, low, high));
        }
    }
}
