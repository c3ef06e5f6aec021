namespace ServingStack.Kernels.Convolution;

/// <summary>
/// One Winograd algorithm F(m x m, 3 x 3), along one axis: m outputs from m + 2 inputs with m + 2 multiplications. A tile is transformed
/// by its columns first and by its rows then. All steps are in floats, and each number is a vector of 16 channels.
/// Source: A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
/// </summary>
internal unsafe interface IWinogradTransform
{
    /// <summary>The short name in kernel names: <c>f4</c>.</summary>
    static abstract string Name { get; }

    /// <summary>m: outputs of a tile along one axis.</summary>
    static abstract int Outputs { get; }

    /// <summary>The matrix G, (m + 2) x 3, that brings a line of weights to the points.</summary>
    static abstract ReadOnlySpan<double> Weights { get; }

    /// <summary>m + 2 inputs to the m + 2 points.</summary>
    static abstract void ToPoints(float* source, nint sourceStep, float* target, nint targetStep);

    /// <summary>m + 2 points to the m outputs.</summary>
    static abstract void ToOutputs(float* source, nint sourceStep, float* target, nint targetStep);
}
