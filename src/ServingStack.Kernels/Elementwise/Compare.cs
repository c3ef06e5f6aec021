using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Elementwise;

/// <summary>Binds y = predicate(a, b), one byte each (0 or 1), with numpy broadcasting.</summary>
public static class Compare
{
    public static BoundKernel Bind<T, TPredicate>(TPredicate predicate, BinaryOperands operands)
        where T : unmanaged
        where TPredicate : struct, IPredicate<T>
    {
        _ = predicate;
        return new Kernel<T, TPredicate>(operands);
    }

    private sealed unsafe class Kernel<T, TPredicate>(BinaryOperands operands) : BoundKernel
        where T : unmanaged
        where TPredicate : struct, IPredicate<T>
    {
        private readonly IterationSpace _space = IterationSpace.Create(
            operands.ShapeY,
            IterationSpace.BroadcastStrides(operands.ShapeA, operands.ShapeY),
            IterationSpace.BroadcastStrides(operands.ShapeB, operands.ShapeY));

        public override string KernelName { get; } = $"{TPredicate.Name}_{KernelNames.Of<T>()}";

        public override int MaxParts =>
            PartRange.MaxParts(_space.Rows, _space.Count * ((2 * sizeof(T)) + 1));

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(_space.Rows, part, parts);
            var (stepA, stepB) = (_space.RowStride(0), _space.RowStride(1));
            var cursor = new Cursor(_space, range.Start);
            for (var row = range.Start; row < range.End; row++, cursor.Next(_space))
            {
                var a = (T*)operands.A + cursor.Offset(0);
                var b = (T*)operands.B + cursor.Offset(1);
                var y = (byte*)operands.Y + (row * _space.RowLength);
                for (long i = 0; i < _space.RowLength; i++) y[i] = TPredicate.Invoke(a[i * stepA], b[i * stepB]) ? (byte)1 : (byte)0;
            }
        }
    }
}
