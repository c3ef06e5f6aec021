namespace ServingStack.Kernels;

/// <summary>The short type names in kernel names: <c>add_f32</c>, <c>maxpool_u8_nhwc</c>.</summary>
internal static class KernelNames
{
    public static string Short(this DataType type) => type switch
    {
        DataType.Float32 => "f32",
        DataType.UInt8 => "u8",
        DataType.Int8 => "s8",
        DataType.Int32 => "s32",
        DataType.Int64 => "s64",
        DataType.Float16 => "f16",
        DataType.BFloat16 => "bf16",
        DataType.Bool => "bool",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such data type."),
    };

    public static string Of<T>() => TypeOf<T>().Short();

    /// <summary>The data type that a CLR number stands for; <c>bool</c> is one byte, 0 or 1.</summary>
    public static DataType TypeOf<T>() => typeof(T) == typeof(Half) ? DataType.Float16 : Type.GetTypeCode(typeof(T)) switch
    {
        TypeCode.Single => DataType.Float32,
        TypeCode.Byte => DataType.UInt8,
        TypeCode.SByte => DataType.Int8,
        TypeCode.Int32 => DataType.Int32,
        TypeCode.Int64 => DataType.Int64,
        TypeCode.Boolean => DataType.Bool,
        _ => throw new NotSupportedException(
            $"No kernel computes on {typeof(T).Name}: expected float, Half, byte, sbyte, int, long or bool."),
    };
}
