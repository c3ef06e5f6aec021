using MathNet.Numerics.LinearAlgebra;

namespace ServingStack.Compression.Tucker;

/// <summary>
/// A kernel as core [rank of outputs, rank of inputs, taps] and orthonormal factors of inputs [inputs, rank] and outputs [outputs, rank];
/// without a factor of inputs where that mode stays whole (Tucker-1, which for a matrix is the singular value decomposition).
/// </summary>
public sealed record TuckerDecomposition(KernelTensor Core, Matrix<double>? InputFactor, Matrix<double> OutputFactor, double RelativeError)
{
    /// <summary>What to add to the bias, an output each; empty for nothing.</summary>
    public double[] Shift { get; init; } = [];

    /// <summary>An alternation that lowers the error by less than this share has arrived.</summary>
    private const double Tolerance = 1e-7;

    /// <summary>
    /// From the leading singular vectors of both unfoldings (HOSVD; De Lathauwer, De Moor, Vandewalle 2000a), alternated up to
    /// <paramref name="iterations"/> times (HOOI, 2000b), each of which cannot raise the error.
    /// </summary>
    /// <param name="kernel">What to approximate.</param>
    /// <param name="ranks">Both ranks, each between 1 and its mode's size; no rank of inputs keeps that mode whole.</param>
    /// <param name="iterations">0 stops at HOSVD.</param>
    public static TuckerDecomposition Of(KernelTensor kernel, RankPair ranks, int iterations = 20)
    {
        ranks.Check(kernel.Inputs, kernel.Outputs);
        var outputs = Spectrum.Of(kernel.ByOutput()).Leading(ranks.Outputs);
        if (ranks.Inputs is not { } inputRank) return Build(kernel, null, outputs);
        var result = Build(kernel, Spectrum.Of(kernel.ByInput()).Leading(inputRank), outputs);
        for (var i = 0; i < iterations; i++)
        {
            var inputs = Spectrum.Of(kernel.ProjectOutputs(result.OutputFactor).ByInput()).Leading(inputRank);
            outputs = Spectrum.Of(kernel.ProjectInputs(inputs).ByOutput()).Leading(ranks.Outputs);
            var next = Build(kernel, inputs, outputs);
            if (next.RelativeError >= result.RelativeError * (1 - Tolerance)) break;
            result = next;
        }
        return result;
    }

    /// <summary>The kernel that the parts stand for.</summary>
    public KernelTensor Restore()
    {
        var wide = Core.ProjectOutputs(OutputFactor.Transpose());
        return InputFactor is null ? wide : wide.ProjectInputs(InputFactor.Transpose());
    }

    private static TuckerDecomposition Build(KernelTensor kernel, Matrix<double>? inputs, Matrix<double> outputs)
    {
        var core = kernel.ProjectOutputs(outputs);
        if (inputs is not null) core = core.ProjectInputs(inputs);
        // The factors are orthonormal, so what the core lacks in energy is the error.
        var energy = kernel.Energy;
        return new(core, inputs, outputs, energy == 0 ? 0 : Math.Sqrt(Math.Max(0, 1 - (core.Energy / energy))));
    }
}
