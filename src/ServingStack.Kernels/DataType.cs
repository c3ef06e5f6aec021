namespace ServingStack.Kernels;

/// <summary>Element types that kernels compute on.</summary>
public enum DataType
{
    Float32,
    UInt8,
    Int8,
    Int32,
    Int64,
    Float16,
    BFloat16,
    Bool,
}

public static class DataTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DataType type) => type switch
    {
        DataType.UInt8 or DataType.Int8 or DataType.Bool => 1,
        DataType.Float16 or DataType.BFloat16 => 2,
        DataType.Float32 or DataType.Int32 => 4,
        DataType.Int64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such data type."),
    };
}
