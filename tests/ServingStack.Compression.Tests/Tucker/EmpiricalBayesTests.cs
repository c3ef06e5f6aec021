using ServingStack.Compression.Tucker;
using ServingStack.Compression.Tucker.Ranks;

namespace ServingStack.Compression.Tests.Tucker;

public sealed class EmpiricalBayesTests
{
    private const int Seed = 41;

    public static TheoryData<int, int, int, double> Planted
    {
        get
        {
            var data = new TheoryData<int, int, int, double>();
            foreach (var (rows, columns) in (IEnumerable<(int, int)>)[(20, 20), (20, 60), (60, 20), (40, 360), (64, 576)])
                foreach (var rank in (int[])[0, 1, 3, 7])
                    foreach (var noise in (double[])[0.01, 0.1, 0.3])
                        // The weakest of seven directions drowns in that much noise; nobody can tell it from chance.
                        if (rank < 7 || noise < 0.3) data.Add(rows, columns, rank, noise);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void Solve_PlantedRank_FindsItAndTheNoise(int rows, int columns, int rank, double noise)
    {
        var random = new Random(Seed + rank);
        var matrix = PlantedMatrix.Create(random, rows, columns, rank, noise);

        var result = EmpiricalBayes.Solve(matrix.Svd(computeVectors: false).S.ToArray(), rows, columns);

        Assert.True(rank == result.Rank, $"seed {Seed}: rank {result.Rank} instead of {rank}");
        Assert.InRange(Math.Sqrt(result.NoiseVariance), 0.8 * noise, 1.2 * noise);
    }

    [Fact]
    public void Solve_KnownVariance_CutsAtThePublishedThreshold()
    {
        // The published threshold for L = M and known variance: gamma > sqrt(M (1 + 2.5129) (1 + 1 / 2.5129)).
        var edge = Math.Sqrt(4 * 3.5129 * (1 + (1 / 2.5129)));

        var result = EmpiricalBayes.Solve([edge + 0.01, edge - 0.01, 1, 0], 4, 4, noiseVariance: 1);

        Assert.Equal(1, result.Rank);
    }

    [Fact]
    public void Solve_Shrunk_IsTheClosedForm()
    {
        var result = EmpiricalBayes.Solve([20, 1], 2, 3, noiseVariance: 0.5);

        var share = 1 - (5 * 0.5 / 400);
        Assert.Equal(10 * (share + Math.Sqrt((share * share) - (4 * 6 * 0.25 / 160000))), result.Shrunk.Single(), 12);
    }

    [Fact]
    public void Solve_OrientationOfTheMatrix_DoesNotMatter()
    {
        var values = PlantedMatrix.Create(new Random(Seed), 12, 50, 4, 0.2).Svd(computeVectors: false).S.ToArray();

        Assert.Equal(EmpiricalBayes.Solve(values, 12, 50).Rank, EmpiricalBayes.Solve(values, 50, 12).Rank);
    }

    [Fact]
    public void Solve_NothingButZeros_IsRankZero() => Assert.Equal(0, EmpiricalBayes.Solve([0, 0, 0], 3, 5).Rank);

    [Fact]
    public void Solve_NoNoiseAtAll_IsTheExactRank()
    {
        var values = PlantedMatrix.Create(new Random(Seed), 10, 30, 3, noise: 0).Svd(computeVectors: false).S.ToArray();

        Assert.Equal(3, EmpiricalBayes.Solve(values, 10, 30).Rank);
    }

    [Fact]
    public void Solve_OneRow_IsAnswered() => Assert.InRange(EmpiricalBayes.Solve([2], 1, 9).Rank, 0, 1);

    [Fact]
    public void Solve_EqualValues_HoldNoStructure() => Assert.Equal(0, EmpiricalBayes.Solve([3, 3, 3, 3], 4, 4).Rank);

    [Fact]
    public void Solve_WrongNumberOfValues_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => EmpiricalBayes.Solve([1, 2], 3, 5));

        Assert.Contains("2 singular values for a 3 x 5 matrix, expected 3", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.0, 3)]
    [InlineData(0.5, 6)]
    public void BayesianRanks_Weakened_GoThatShareOfTheWay(double weakening, int expected)
    {
        var layer = PlantedLayer.Create(outputs: 10, inputs: 30, outputRank: 3, noise: 0.05, Seed);

        Assert.Equal(expected, new BayesianRanks(weakening).Select([layer], 0).Single().Ranks!.Value.Outputs);
    }

    [Fact]
    public void BayesianRanks_PureNoise_SayWhyTheLayerStaysWhole()
    {
        var layer = PlantedLayer.Create(outputs: 10, inputs: 30, outputRank: 0, noise: 1, Seed);

        var choice = new BayesianRanks(1).Select([layer], 0).Single();

        Assert.Null(choice.Ranks);
        Assert.Contains("rank 0", choice.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(double.NaN)]
    public void BayesianRanks_WeakeningOutOfRange_IsRefused(double weakening) =>
        Assert.Contains("weakening factor", Assert.Throws<TuckerException>(() => new BayesianRanks(weakening)).Message, StringComparison.Ordinal);
}
