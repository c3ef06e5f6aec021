using System.Numerics;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Elementwise;

/// <summary>
/// ONNX Cast among f32, f16, s32, s64, u8, s8 and bool. Floats become integers by dropping the fraction, and the nearest integer where they
/// are out of range (NaN: 0); integers become narrower by dropping high bits; anything but 0 is true.
/// </summary>
public static class Cast
{
    public static BoundKernel Bind(DataType from, DataType to, nint x, nint y, long count) => from switch
    {
        DataType.Float32 => To<float>(to, x, y, count),
        DataType.Float16 => To<Half>(to, x, y, count),
        DataType.Int32 => To<int>(to, x, y, count),
        DataType.Int64 => To<long>(to, x, y, count),
        DataType.UInt8 or DataType.Bool => To<byte>(to, x, y, count),
        DataType.Int8 => To<sbyte>(to, x, y, count),
        _ => throw Unknown(from),
    };

    private static BoundKernel To<TFrom>(DataType to, nint x, nint y, long count)
        where TFrom : unmanaged, INumber<TFrom> => to switch
        {
            DataType.Float32 => new Kernel<TFrom, float>(x, y, count, isBool: false),
            DataType.Float16 => new Kernel<TFrom, Half>(x, y, count, isBool: false),
            DataType.Int32 => new Kernel<TFrom, int>(x, y, count, isBool: false),
            DataType.Int64 => new Kernel<TFrom, long>(x, y, count, isBool: false),
            DataType.UInt8 => new Kernel<TFrom, byte>(x, y, count, isBool: false),
            DataType.Int8 => new Kernel<TFrom, sbyte>(x, y, count, isBool: false),
            DataType.Bool => new Kernel<TFrom, byte>(x, y, count, isBool: true),
            _ => throw Unknown(to),
        };

    private static NotSupportedException Unknown(DataType type) =>
        new($"Cast from or to {type}: expected Float32, Float16, Int32, Int64, UInt8, Int8 or Bool.");

    private sealed unsafe class Kernel<TFrom, TTo>(nint x, nint y, long count, bool isBool) : BoundKernel
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        public override string KernelName { get; } = $"cast_{KernelNames.Of<TFrom>()}_{(isBool ? "bool" : KernelNames.Of<TTo>())}";

        public override int MaxParts { get; } = PartRange.MaxParts(count / 64, count * (sizeof(TFrom) + sizeof(TTo)));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(count, part, parts, 64);
            var from = (TFrom*)x;
            var to = (TTo*)y;
            if (isBool)
                for (var i = range.Start; i < range.End; i++) to[i] = TFrom.IsZero(from[i]) ? TTo.Zero : TTo.One;
            else
                for (var i = range.Start; i < range.End; i++) to[i] = TTo.CreateTruncating(from[i]);
        }
    }
}
