namespace ServingStack.Zoo.Tests;

public sealed class ResidualNetworkTests
{
    [Fact]
    public void Create_Defaults_HasTheDocumentedParameters()
    {
        var graph = ResidualNetwork.Create(new(), seed: 1);

        // Weights of 3x3 and 1x1 convolutions, four numbers a normalized channel, the classifier.
        const int convolutions = (9 * 1 * 16) + (4 * 9 * 16 * 16)
            + (9 * 16 * 32) + (3 * 9 * 32 * 32) + (16 * 32)
            + (9 * 32 * 64) + (3 * 9 * 64 * 64) + (32 * 64);
        const int normalizations = 4 * ((5 * 16) + (5 * 32) + (5 * 64));
        const int classifier = (64 * 10) + 10;
        Assert.Equal(convolutions + normalizations + classifier, Parameters.Count(graph));
        Assert.InRange(Parameters.Count(graph) * sizeof(float), 1, 2_000_000);
    }

    [Fact]
    public void Create_Defaults_TakesAndGivesABatch()
    {
        var graph = ResidualNetwork.Create(new(), seed: 1);

        Assert.Equal("[batch, 1, 28, 28]", Assert.Single(graph.Inputs).Shape!.ToString());
        Assert.Equal("[batch, 10]", Assert.Single(graph.Outputs).Shape!.ToString());
    }

    [Fact]
    public void Create_SameSeed_GivesTheSameWeights()
    {
        var (first, second, other) = (Weight(seed: 7), Weight(seed: 7), Weight(seed: 8));

        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Create_OtherConfiguration_FollowsIt()
    {
        var graph = ResidualNetwork.Create(new() { Channels = 3, Extent = 32, Classes = 4, Width = 8, Stages = 2, BlocksPerStage = 1 },
            seed: 1);

        Assert.Equal("[batch, 3, 32, 32]", graph.Inputs[0].Shape!.ToString());
        // The stem, two blocks of two, one shortcut.
        Assert.Equal(6, graph.Nodes.Count(n => n.OpType == "Conv"));
    }

    private static float[] Weight(int seed) =>
        ResidualNetwork.Create(new(), seed).Nodes[0].Inputs[1]!.Constant!.As<float>().ToArray();
}
