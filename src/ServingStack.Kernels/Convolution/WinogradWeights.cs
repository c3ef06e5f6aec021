namespace ServingStack.Kernels.Convolution;

/// <summary>G g Gᵀ of each input and output channel, in double precision and rounded once.</summary>
internal static class WinogradWeights
{
    private const int Kernel = 3;

    /// <summary>For each point a matrix of inputs x outputs.</summary>
    /// <param name="weights">[outputs, inputs, 3, 3].</param>
    public static float[][] Transform<TTransform>(ReadOnlySpan<float> weights, int inputs, int outputs)
        where TTransform : struct, IWinogradTransform
    {
        var side = TTransform.Outputs + 2;
        var points = new float[side * side][];
        for (var point = 0; point < points.Length; point++) points[point] = new float[inputs * outputs];
        for (var output = 0; output < outputs; output++)
            for (var input = 0; input < inputs; input++)
            {
                var kernel = weights.Slice(((output * inputs) + input) * Kernel * Kernel, Kernel * Kernel);
                for (var point = 0; point < points.Length; point++)
                    points[point][(input * outputs) + output] = (float)AtPoint(TTransform.Weights, kernel, point / side, point % side);
            }
        return points;
    }

    private static double AtPoint(ReadOnlySpan<double> matrix, ReadOnlySpan<float> kernel, int y, int x)
    {
        var sum = 0.0;
        for (var ky = 0; ky < Kernel; ky++)
            for (var kx = 0; kx < Kernel; kx++)
                sum += matrix[(y * Kernel) + ky] * kernel[(ky * Kernel) + kx] * matrix[(x * Kernel) + kx];
        return sum;
    }
}
