namespace ServingStack.Kernels.Gemm;

/// <summary>GEMM with 4-bit weights in managed code. The weights stay packed; a column is unpacked for each block of rows.</summary>
internal sealed class ManagedLowBit : PackedLowBit
{
    public const string Row = "lowbit_managed";

    public ManagedLowBit(LowBitProblem problem, GemmWeights weights) : base(problem)
    {
        LowBitChecks.Check(problem, weights);
        Packed = weights.B.ToArray();
        BlockScales = weights.BlockScales.ToArray();
        BlockZeroPoints = weights.BlockZeroPoints.ToArray();
        Scales = weights.Scale.ToArray();
        Bias = LowBitBias.Of(problem, weights);
        Outliers = LowBitColumns.Of(problem, weights.Outliers.Span);
        Epilogue = new ManagedEpilogue(problem.Epilogue, new GemmWeights { B = default });
    }

    public byte[] Packed { get; }

    public float[] BlockScales { get; }

    public byte[] BlockZeroPoints { get; }

    /// <summary>Of channels; empty for Float32 activations, whose rows have scales.</summary>
    public float[] Scales { get; }

    public float[] Bias { get; }

    public uint[][] Outliers { get; }

    public ManagedEpilogue Epilogue { get; }

    protected override BoundKernel BindChecked(GemmOperands operands) => new BoundManagedLowBit(this, operands);
}
