using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace ServingStack.Compression.Tucker;

/// <summary>
/// The weights of a layer as [outputs, inputs, taps], taps being the kernel's spatial positions; 1 for a matrix. The papers call the inputs
/// mode 3 and the outputs mode 4. Row-major.
/// </summary>
public sealed class KernelTensor
{
    public KernelTensor(int outputs, int inputs, int taps, double[] values)
    {
        if ((long)outputs * inputs * taps != values.Length || values.Length == 0)
            throw new ArgumentException($"A kernel [{outputs}, {inputs}, {taps}] does not hold {values.Length} numbers.", nameof(values));
        (Outputs, Inputs, Taps, Values) = (outputs, inputs, taps, values);
    }

    public int Outputs { get; }

    public int Inputs { get; }

    public int Taps { get; }

    public double[] Values { get; }

    /// <summary>The sum of squares.</summary>
    public double Energy => Values.Sum(v => v * v);

    /// <summary>The mode-4 unfolding, transposed: a column for each output, over inputs and taps.</summary>
    public Matrix<double> ByOutput() => new DenseMatrix(Inputs * Taps, Outputs, (double[])Values.Clone());

    /// <summary>The mode-3 unfolding, transposed: a column for each input, over outputs and taps.</summary>
    public Matrix<double> ByInput()
    {
        var columns = new double[Values.Length];
        var height = Outputs * Taps;
        for (var t = 0; t < Outputs; t++)
            for (var s = 0; s < Inputs; s++)
                Values.AsSpan(((t * Inputs) + s) * Taps, Taps).CopyTo(columns.AsSpan((s * height) + (t * Taps)));
        return new DenseMatrix(height, Inputs, columns);
    }

    /// <summary>The product with a factor [outputs, rank] in the mode of outputs: [rank, inputs, taps].</summary>
    public KernelTensor ProjectOutputs(Matrix<double> factor) =>
        new(factor.ColumnCount, Inputs, Taps, (ByOutput() * factor).ToColumnMajorArray());

    /// <summary>The product with a factor [inputs, rank] in the mode of inputs: [outputs, rank, taps].</summary>
    public KernelTensor ProjectInputs(Matrix<double> factor)
    {
        var columns = (ByInput() * factor).ToColumnMajorArray();
        var (rank, height) = (factor.ColumnCount, Outputs * Taps);
        var values = new double[rank * height];
        for (var t = 0; t < Outputs; t++)
            for (var r = 0; r < rank; r++)
                columns.AsSpan((r * height) + (t * Taps), Taps).CopyTo(values.AsSpan(((t * rank) + r) * Taps));
        return new(Outputs, rank, Taps, values);
    }
}
