using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace ServingStack.Compression.Tucker.Calibration;

/// <summary>
/// Stretches a kernel's inputs by the square root of their covariance, so that the error of what is decomposed is that of the layer's
/// responses (Zhang et al. 2016, section 3.1, for factors of all modes), and takes the stretch back out of the factors. What the kernel
/// then lacks of its response to the inputs' mean is the decomposition's shift.
/// </summary>
internal sealed class InputWeighting
{
    // Directions that calibration did not see keep this share of the mean: their weights are still worth something.
    private const double Ridge = 1e-3;

    private readonly Matrix<double> _stretch;
    private readonly Matrix<double> _inverse;

    private readonly Vector<double> _mean;

    public InputWeighting(InputStatistics statistics)
    {
        _mean = statistics.Mean;
        var floor = Ridge * statistics.Covariance.Trace() / statistics.Covariance.RowCount;
        var eigen = statistics.Covariance.Evd(Symmetricity.Symmetric);
        var roots = eigen.EigenValues.Map(v => Math.Sqrt(Math.Max(0, v.Real) + (floor > 0 ? floor : 1)));
        _stretch = eigen.EigenVectors * Matrix<double>.Build.DiagonalOfDiagonalVector(roots) * eigen.EigenVectors.Transpose();
        _inverse = eigen.EigenVectors * Matrix<double>.Build.DiagonalOfDiagonalVector(1 / roots) * eigen.EigenVectors.Transpose();
    }

    public KernelTensor Apply(KernelTensor kernel) => kernel.ProjectInputs(_stretch);

    /// <summary>
    /// The decomposition of the kernel itself, its factors orthonormal again, so that gradients of all stages are of one size; the error
    /// stays that of the stretched kernel.
    /// </summary>
    public TuckerDecomposition Undo(KernelTensor kernel, TuckerDecomposition stretched)
    {
        var result = Unstretch(stretched);
        return result with { Shift = (Response(kernel) - Response(result.Restore())).ToArray() };
    }

    private TuckerDecomposition Unstretch(TuckerDecomposition stretched)
    {
        if (stretched.InputFactor is not { } factor) return stretched with { Core = stretched.Core.ProjectInputs(_inverse) };
        var parts = (_inverse * factor).QR(QRMethod.Thin);
        return stretched with { InputFactor = parts.Q, Core = stretched.Core.ProjectInputs(parts.R.Transpose()) };
    }

    /// <summary>To the mean at every tap: what a constant image gives, away from its border.</summary>
    private Vector<double> Response(KernelTensor kernel)
    {
        var response = Vector<double>.Build.Dense(kernel.Outputs);
        for (var i = 0; i < kernel.Values.Length; i++)
            response[i / (kernel.Inputs * kernel.Taps)] += kernel.Values[i] * _mean[i / kernel.Taps % kernel.Inputs];
        return response;
    }
}
