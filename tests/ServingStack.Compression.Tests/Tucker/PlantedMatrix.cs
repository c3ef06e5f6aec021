using MathNet.Numerics.LinearAlgebra;

namespace ServingStack.Compression.Tests.Tucker;

/// <summary>Matrices and kernels whose rank is known, seeded.</summary>
internal static class PlantedMatrix
{
    /// <summary>A product of normal factors, each entry of variance 1, and normal noise on top.</summary>
    public static Matrix<double> Create(Random random, int rows, int columns, int rank, double noise)
    {
        var left = Normal(random, rows, Math.Max(rank, 1));
        var right = Normal(random, Math.Max(rank, 1), columns);
        var structure = rank == 0 ? Matrix<double>.Build.Dense(rows, columns) : left * right / Math.Sqrt(rank);
        return structure + (Normal(random, rows, columns) * noise);
    }

    public static Matrix<double> Normal(Random random, int rows, int columns) =>
        Matrix<double>.Build.Dense(rows, columns, (_, _) => Gauss(random));

    // Box and Muller 1958: two uniform numbers give a normal one.
    public static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
