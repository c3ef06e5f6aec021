namespace ServingStack.Kernels.Convolution;

/// <summary>What a convolution copies of its input, before it reads it.</summary>
internal interface IPreparedInput : IDisposable
{
    /// <summary>Brings up to date what output pixels [first, end) read.</summary>
    void Refresh(int first, int end);
}
