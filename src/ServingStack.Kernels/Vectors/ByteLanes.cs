using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Vectors;

/// <summary>Sixteen 8-bit numbers in memory (<typeparamref name="T"/> is byte or sbyte) as sixteen 32-bit lanes, and back.</summary>
internal static unsafe class ByteLanes<T>
    where T : unmanaged
{
    public const int Count = 16;

    public static bool Signed => typeof(T) == typeof(sbyte);

    public static int Min => Signed ? sbyte.MinValue : byte.MinValue;

    public static int Max => Signed ? sbyte.MaxValue : byte.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(T* source) => Widen(Vector128.Load((byte*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(T* source, int count) => Widen(Lanes.Load((byte*)source, count).GetLower().GetLower());

    /// <summary>Numbers of <see cref="LoadWords"/>.</summary>
    public const int WordCount = 32;

    /// <summary>32 numbers as 16-bit lanes; sums of u8 may use them as unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> LoadWords(T* source)
    {
        var bytes = Vector256.Load((byte*)source);
        if (Avx512BW.IsSupported)
            return Signed ? Avx512BW.ConvertToVector512Int16(bytes.AsSByte()) : Avx512BW.ConvertToVector512Int16(bytes);
        return Signed
            ? Vector512.Create(Vector256.WidenLower(bytes.AsSByte()), Vector256.WidenUpper(bytes.AsSByte()))
            : Vector512.Create(Vector256.WidenLower(bytes), Vector256.WidenUpper(bytes)).AsInt16();
    }

    /// <summary>The first 16 of such lanes, by the sign of the type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> WidenLower(Vector512<short> words) =>
        Signed ? Vector512.WidenLower(words) : Vector512.WidenLower(words.AsUInt16()).AsInt32();

    /// <summary>The last 16 of such lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> WidenUpper(Vector512<short> words) =>
        Signed ? Vector512.WidenUpper(words) : Vector512.WidenUpper(words.AsUInt16()).AsInt32();

    /// <summary>Stores lanes that are within the type's range already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> value, T* target) => Narrow(value).Store((byte*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> value, T* target, int count) =>
        Lanes.Store(Narrow(value).ToVector256Unsafe().ToVector512Unsafe(), (byte*)target, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widen(Vector128<byte> bytes)
    {
        if (Signed) return WidenSigned(bytes.AsSByte());
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(bytes);
        var words = Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));
        return Vector512.Create(Vector256.WidenLower(words), Vector256.WidenUpper(words)).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> WidenSigned(Vector128<sbyte> bytes)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector512Int32(bytes);
        var words = Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));
        return Vector512.Create(Vector256.WidenLower(words), Vector256.WidenUpper(words));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Narrow(Vector512<int> value)
    {
        if (Avx512F.IsSupported) return Avx512F.ConvertToVector128Byte(value);
        var words = Vector256.Narrow(value.GetLower(), value.GetUpper());
        return Vector128.Narrow(words.GetLower(), words.GetUpper()).AsByte();
    }
}
