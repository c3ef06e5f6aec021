using ServingStack.Compression.Tucker;

namespace ServingStack.Compression.Tests.Tucker;

public sealed class TuckerDecompositionTests
{
    private const int Seed = 7;

    public static TheoryData<int, int, int> Sizes => new() { { 16, 16, 9 }, { 32, 16, 9 }, { 8, 24, 1 }, { 12, 5, 25 }, { 1, 3, 9 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Of_FullRank_RestoresTheKernel(int outputs, int inputs, int taps)
    {
        var kernel = Draw(outputs, inputs, taps);

        var decomposition = TuckerDecomposition.Of(kernel, new(inputs, outputs));

        Assert.InRange(decomposition.RelativeError, 0, 1e-6);
        AssertClose(kernel, decomposition.Restore(), 1e-9);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Of_AnyRank_AlternatingNeverRaisesTheErrorAndTheErrorIsTrue(int outputs, int inputs, int taps)
    {
        var kernel = Draw(outputs, inputs, taps);
        for (var share = 1; share <= 3; share++)
        {
            RankPair ranks = new(Math.Max(1, inputs * share / 4), Math.Max(1, outputs * share / 4));
            var start = TuckerDecomposition.Of(kernel, ranks, iterations: 0);
            var arrived = TuckerDecomposition.Of(kernel, ranks);

            Assert.True(arrived.RelativeError <= start.RelativeError, $"seed {Seed}, ranks {ranks}: {arrived.RelativeError}");
            Assert.Equal(Distance(kernel, arrived.Restore()), arrived.RelativeError, 9);
        }
    }

    [Fact]
    public void Of_KernelOfThatRank_IsExact()
    {
        var core = Draw(3, 2, 9);
        var random = new Random(Seed);
        var kernel = core.ProjectOutputs(PlantedMatrix.Normal(random, 3, 10)).ProjectInputs(PlantedMatrix.Normal(random, 2, 8));

        AssertClose(kernel, TuckerDecomposition.Of(kernel, new(2, 3)).Restore(), 1e-6);
    }

    [Fact]
    public void Of_OneRankOfAMatrix_IsTheSingularValueDecomposition()
    {
        var kernel = Draw(6, 9, 1);
        var values = kernel.ByOutput().Svd(computeVectors: false).S;

        var decomposition = TuckerDecomposition.Of(kernel, new(null, 4));

        var tail = Math.Sqrt((values[4] * values[4]) + (values[5] * values[5]));
        Assert.Equal(tail / values.L2Norm(), decomposition.RelativeError, 9);
        Assert.Null(decomposition.InputFactor);
    }

    [Fact]
    public void Of_Zeros_HasNoError() =>
        Assert.Equal(0, TuckerDecomposition.Of(new(4, 4, 9, new double[144]), new(2, 2)).RelativeError);

    [Theory]
    [InlineData(0, 2, "Rank 0 for the inputs of the layer is out of range: its inputs are 5, so give 1 to 5.")]
    [InlineData(2, 7, "Rank 7 for the outputs of the layer is out of range: its outputs are 6, so give 1 to 6.")]
    public void Of_RankOutOfRange_IsRefused(int inputs, int outputs, string expected) =>
        Assert.Equal(expected, Assert.Throws<TuckerException>(() => TuckerDecomposition.Of(Draw(6, 5, 9), new(inputs, outputs))).Message);

    private static KernelTensor Draw(int outputs, int inputs, int taps)
    {
        var random = new Random(Seed);
        return new(outputs, inputs, taps, [.. Enumerable.Range(0, outputs * inputs * taps).Select(_ => PlantedMatrix.Gauss(random))]);
    }

    private static double Distance(KernelTensor a, KernelTensor b) =>
        Math.Sqrt(a.Values.Zip(b.Values).Sum(p => (p.First - p.Second) * (p.First - p.Second)) / a.Energy);

    private static void AssertClose(KernelTensor expected, KernelTensor actual, double tolerance) =>
        Assert.InRange(Distance(expected, actual), 0, tolerance);
}
