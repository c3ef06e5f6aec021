using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Reduction;

/// <summary>
/// ONNX ArgMax and ArgMin of f32, u8 or s8 along the middle axis of a dense [outer, length, inner] tensor; the positions are s64. Of equal
/// values the first one, or the last one.
/// </summary>
public static class ArgMax
{
    /// <param name="least">ArgMin instead.</param>
    /// <param name="last">ONNX select_last_index.</param>
    public static BoundKernel Bind(
        DataType type, nint x, nint y, long outer, long length, long inner, bool least = false, bool last = false) => type switch
        {
            DataType.Float32 => new Kernel<float>(x, y, outer, length, inner, least, last),
            DataType.UInt8 => new Kernel<byte>(x, y, outer, length, inner, least, last),
            DataType.Int8 => new Kernel<sbyte>(x, y, outer, length, inner, least, last),
            _ => throw new NotSupportedException($"ArgMax of {type}: expected Float32, UInt8 or Int8."),
        };

    private sealed unsafe class Kernel<T>(nint x, nint y, long outer, long length, long inner, bool least, bool last) : BoundKernel
        where T : unmanaged, IComparable<T>
    {
        public override string KernelName { get; } = $"{(least ? "argmin" : "argmax")}_{KernelNames.Of<T>()}";

        public override int MaxParts { get; } = PartRange.MaxParts(outer * inner, outer * length * inner * sizeof(T));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(outer * inner, part, parts);
            for (var item = range.Start; item < range.End; item++)
                ((long*)y)[item] = Best((T*)x + (item / inner * length * inner) + (item % inner));
        }

        private long Best(T* from)
        {
            long best = 0;
            for (long i = 1; i < length; i++)
            {
                var order = from[i * inner].CompareTo(from[best * inner]);
                if (least) order = -order;
                if (order > 0 || (last && order == 0)) best = i;
            }

            return best;
        }
    }
}
