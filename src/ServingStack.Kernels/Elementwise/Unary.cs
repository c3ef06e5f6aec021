using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Elementwise;

/// <summary>Binds y[i] = f(x[i]) over dense tensors of <c>count</c> elements. y may be x itself.</summary>
public static class Unary
{
    public static BoundKernel Bind<T, TOperation>(TOperation operation, nint x, nint y, long count)
        where T : unmanaged
        where TOperation : struct, IUnaryOperation<T> => new Kernel<T, TOperation>(operation, x, y, count);

    /// <summary>The float forms, where the type need not be named.</summary>
    public static BoundKernel Bind<TOperation>(TOperation operation, nint x, nint y, long count)
        where TOperation : struct, IUnaryOperation<float> => new Kernel<float, TOperation>(operation, x, y, count);

    private sealed unsafe class Kernel<T, TOperation>(TOperation operation, nint x, nint y, long count) : BoundKernel
        where T : unmanaged
        where TOperation : struct, IUnaryOperation<T>
    {
        public override string KernelName { get; } = $"{TOperation.Name}_{KernelNames.Of<T>()}";

        public override int MaxParts { get; } = PartRange.MaxParts(count / Vector512<T>.Count, count * sizeof(T) * 2);

        public override void Run(int part, int parts)
        {
            var range = PartRange.Of(count, part, parts, 64);
            Loop(operation, (T*)x + range.Start, (T*)y + range.Start, range.End - range.Start);
        }

        private static void Loop(TOperation operation, T* x, T* y, long count)
        {
            var width = Vector512<T>.Count;
            long i = 0;
            for (; i <= count - width; i += width) operation.Invoke(Vector512.Load(x + i)).Store(y + i);
            var rest = (int)(count - i);
            if (rest > 0) Lanes.Store(operation.Invoke(Lanes.Load(x + i, rest)), y + i, rest);
        }
    }
}
