using MathNet.Numerics.LinearAlgebra;

namespace ServingStack.Compression.Tucker;

/// <summary>
/// The left singular vectors of an unfolding and its singular values, largest first. <paramref name="Width"/> is the unfolding's number of
/// columns.
/// </summary>
public sealed record Spectrum(double[] SingularValues, Matrix<double> Vectors, int Width)
{
    /// <summary>The number of rows: how high a rank can be.</summary>
    public int Height => Vectors.RowCount;

    /// <summary>
    /// Of an unfolding that is given transposed. Only left vectors are wanted, so they come from the symmetric matrix of its inner products,
    /// which is as small as the mode. Values below 1e-8 of the largest drown in rounding; weights in single precision hold none such.
    /// </summary>
    public static Spectrum Of(Matrix<double> transposed)
    {
        var eigen = transposed.TransposeThisAndMultiply(transposed).Evd(Symmetricity.Symmetric);
        var size = transposed.ColumnCount;
        // MathNet orders eigenvalues from the least.
        var values = Enumerable.Range(0, size).Select(i => Math.Sqrt(Math.Max(0, eigen.EigenValues[size - 1 - i].Real))).ToArray();
        var vectors = Matrix<double>.Build.Dense(size, size, (row, column) => eigen.EigenVectors[row, size - 1 - column]);
        return new(values, vectors, transposed.RowCount);
    }

    /// <summary>The leading vectors, a column each.</summary>
    public Matrix<double> Leading(int rank) => Vectors.SubMatrix(0, Height, 0, rank);

    /// <summary>The share of energy that the values behind the first <paramref name="rank"/> hold, 0..1.</summary>
    public double Tail(int rank)
    {
        var total = SingularValues.Sum(v => v * v);
        return total == 0 ? 0 : SingularValues.Skip(rank).Sum(v => v * v) / total;
    }

    /// <summary>The least rank, 1 or more, whose tail is at most <paramref name="share"/>.</summary>
    public int RankOfTail(double share) => Enumerable.Range(1, Height).First(rank => rank == Height || Tail(rank) <= share);
}
