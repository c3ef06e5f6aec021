using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Elementwise;

/// <summary>ONNX Where: y = condition ? a : b with numpy broadcasting of all three. Elements are copied, never looked into.</summary>
public static class Where
{
    /// <param name="condition">Bytes; anything but 0 is true.</param>
    public static BoundKernel Bind(DataType type, nint condition, long[] conditionShape, BinaryOperands operands) => type.Size() switch
    {
        1 => new Kernel<byte>(type, condition, conditionShape, operands),
        2 => new Kernel<ushort>(type, condition, conditionShape, operands),
        4 => new Kernel<uint>(type, condition, conditionShape, operands),
        _ => new Kernel<ulong>(type, condition, conditionShape, operands),
    };

    private sealed unsafe class Kernel<T>(DataType type, nint condition, long[] conditionShape, BinaryOperands operands) : BoundKernel
        where T : unmanaged
    {
        private readonly IterationSpace _space = IterationSpace.Create(
            operands.ShapeY,
            IterationSpace.BroadcastStrides(operands.ShapeA, operands.ShapeY),
            IterationSpace.BroadcastStrides(operands.ShapeB, operands.ShapeY),
            IterationSpace.BroadcastStrides(conditionShape, operands.ShapeY));

        public override string KernelName { get; } = $"where_{type.Short()}";

        public override int MaxParts => PartRange.MaxParts(_space.Rows, _space.Count * ((3 * sizeof(T)) + 1));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(_space.Rows, part, parts);
            var (stepA, stepB, stepC) = (_space.RowStride(0), _space.RowStride(1), _space.RowStride(2));
            var cursor = new Cursor(_space, range.Start);
            for (var row = range.Start; row < range.End; row++, cursor.Next(_space))
            {
                var a = (T*)operands.A + cursor.Offset(0);
                var b = (T*)operands.B + cursor.Offset(1);
                var c = (byte*)condition + cursor.Offset(2);
                var y = (T*)operands.Y + (row * _space.RowLength);
                for (long i = 0; i < _space.RowLength; i++) y[i] = c[i * stepC] != 0 ? a[i * stepA] : b[i * stepB];
            }
        }
    }
}
