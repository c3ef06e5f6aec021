using System.Runtime.Intrinsics;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Elementwise;

/// <summary>
/// Binds y = f(a, b) with numpy broadcasting. Within a row (the innermost merged axis) an operand either advances or stands still, so
/// same shape, a scalar and a per-channel vector all run the vector loop.
/// </summary>
public static class Binary
{
    /// <exception cref="ArgumentException">A shape cannot be broadcast to the output's.</exception>
    public static BoundKernel Bind<T, TOperation>(TOperation operation, BinaryOperands operands)
        where T : unmanaged
        where TOperation : struct, IBinaryOperation<T> => new Kernel<T, TOperation>(operation, operands);

    /// <summary>The float forms, where the type need not be named.</summary>
    public static BoundKernel Bind<TOperation>(TOperation operation, BinaryOperands operands)
        where TOperation : struct, IBinaryOperation<float> => new Kernel<float, TOperation>(operation, operands);

    private sealed unsafe class Kernel<T, TOperation> : BoundKernel
        where T : unmanaged
        where TOperation : struct, IBinaryOperation<T>
    {
        private readonly TOperation _operation;
        private readonly nint _a;
        private readonly nint _b;
        private readonly nint _y;
        private readonly IterationSpace _space;

        public Kernel(TOperation operation, BinaryOperands operands)
        {
            _operation = operation;
            (_a, _b, _y) = (operands.A, operands.B, operands.Y);
            _space = IterationSpace.Create(
                operands.ShapeY,
                IterationSpace.BroadcastStrides(operands.ShapeA, operands.ShapeY),
                IterationSpace.BroadcastStrides(operands.ShapeB, operands.ShapeY));
            MaxParts = PartRange.MaxParts(_space.Count / Vector512<T>.Count, _space.Count * sizeof(T) * 3);
        }

        public override string KernelName { get; } = $"{TOperation.Name}_{KernelNames.Of<T>()}";

        public override int MaxParts { get; }

        public override void Run(int part, int parts)
        {
            var (start, end) = PartRange.Of(_space.Count, part, parts, 64);
            if (start >= end) return;
            var length = _space.RowLength;
            var (stepA, stepB) = ((int)_space.RowStride(0), (int)_space.RowStride(1));
            var column = start % length;
            var cursor = new Cursor(_space, start / length);
            while (start < end)
            {
                var count = Math.Min(length - column, end - start);
                var a = (T*)_a + cursor.Offset(0) + (column * stepA);
                var b = (T*)_b + cursor.Offset(1) + (column * stepB);
                Row(a, stepA, b, stepB, (T*)_y + start, count);
                start += count;
                column = 0;
                cursor.Next(_space);
            }
        }

        private void Row(T* a, int stepA, T* b, int stepB, T* y, long count)
        {
            if (stepA == 0) RowOfScalarA(_operation, Vector512.Create(*a), b, stepB, y, count);
            else if (stepB == 0) RowOfScalarB(_operation, a, Vector512.Create(*b), y, count);
            else RowOfVectors(_operation, a, b, y, count);
        }

        private static void RowOfVectors(TOperation operation, T* a, T* b, T* y, long count)
        {
            var width = Vector512<T>.Count;
            long i = 0;
            for (; i <= count - width; i += width) operation.Invoke(Vector512.Load(a + i), Vector512.Load(b + i)).Store(y + i);
            var rest = (int)(count - i);
            if (rest > 0) Lanes.Store(operation.Invoke(Lanes.Load(a + i, rest), Lanes.Load(b + i, rest)), y + i, rest);
        }

        private static void RowOfScalarB(TOperation operation, T* a, Vector512<T> b, T* y, long count)
        {
            var width = Vector512<T>.Count;
            long i = 0;
            for (; i <= count - width; i += width) operation.Invoke(Vector512.Load(a + i), b).Store(y + i);
            var rest = (int)(count - i);
            if (rest > 0) Lanes.Store(operation.Invoke(Lanes.Load(a + i, rest), b), y + i, rest);
        }

        private static void RowOfScalarA(TOperation operation, Vector512<T> a, T* b, int stepB, T* y, long count)
        {
            var width = Vector512<T>.Count;
            for (long i = 0; i < count; i += width)
            {
                var lanes = (int)Math.Min(width, count - i);
                var vb = stepB == 0 ? Vector512.Create(*b) : Lanes.Load(b + i, lanes);
                Lanes.Store(operation.Invoke(a, vb), y + i, lanes);
            }
        }
    }
}
