using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Elementwise;

/// <summary>y[i] = f(x[i]), written on a vector; lanes must not influence each other.</summary>
public interface IUnaryOperation<T>
{
    /// <summary>The first part of the kernel's name.</summary>
    static abstract string Name { get; }

    Vector512<T> Invoke(Vector512<T> x);
}

/// <summary>y[i] = f(a[i], b[i]), written on a vector; lanes must not influence each other.</summary>
public interface IBinaryOperation<T>
{
    static abstract string Name { get; }

    Vector512<T> Invoke(Vector512<T> a, Vector512<T> b);
}

/// <summary>A yes-no question about two numbers; comparisons with NaN are false (but for inequality).</summary>
public interface IPredicate<T>
{
    static abstract string Name { get; }

    static abstract bool Invoke(T a, T b);
}
