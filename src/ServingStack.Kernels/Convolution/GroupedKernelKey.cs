using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>What the code of a grouped kernel is specialised on.</summary>
internal sealed record GroupedKernelKey : LineKernelKey
{
    public GroupedKernelKey(ConvolutionProblem problem, EpilogueConstants constants, GroupedLayout layout, int outputs)
        : base(problem, constants)
    {
        Scheme = layout.Scheme;
        Factors = layout.Factors;
        Outputs = outputs;
    }

    public GroupedScheme Scheme { get; }

    /// <summary>Multiply-adds a tap for a vector of outputs.</summary>
    public int Factors { get; }

    /// <summary>Output channels of the block, 1 to 16; for depthwise to 32.</summary>
    public int Outputs { get; }

    /// <summary>The last vector is cut by a mask.</summary>
    public bool IsMasked => Outputs % GroupedLayout.VectorOutputs != 0;

    /// <summary>Factors that have output channels in this block.</summary>
    public int UsedFactors => Scheme == GroupedScheme.Depthwise
        ? (Outputs + GroupedLayout.VectorOutputs - 1) / GroupedLayout.VectorOutputs
        : Factors;

    /// <summary>Registers of sums a pixel.</summary>
    public int Sums => Scheme == GroupedScheme.Broadcast ? 1 : UsedFactors;

    public override int RowVectors => KernelWidth * Factors;

    public override int BiasVectors => Scheme == GroupedScheme.Broadcast ? 1 : Factors;

    public override int ScaleVectors => 1;

    public string Name => NameOf("grouped", $"{Scheme}{Factors}x{Outputs}");
}
