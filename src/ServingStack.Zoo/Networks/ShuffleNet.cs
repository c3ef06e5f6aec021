using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// ShuffleNet (Zhang et al. 2018, table 1), 224 x 224 pixels: 1x1 convolutions in groups whose channels are shuffled in between. Each stage
/// has twice the width of the one before.
/// </summary>
internal static class ShuffleNet
{
    private static readonly int[] Blocks = [3, 7, 3];

    /// <summary>A variant: its groups, those of the very first 1x1 convolution, the first stage's width, and by how much a branch is
    /// narrower than its output.</summary>
    private sealed record Variant(string Name, int Groups, int FirstGroups, int Width, int Bottleneck);

    /// <summary>The one of the paper with three groups: about 1.9 million parameters.</summary>
    public static Graph CreatePublished(int seed) => Create(new("shufflenet_g3", 3, 1, 240, 4), seed);

    /// <summary>The one of the ONNX model zoo: four groups, half of the width, no bottleneck.</summary>
    public static Graph CreateFlat(int seed) => Create(new("shufflenet", 4, 4, 136, 1), seed);

    private static Graph Create(Variant variant, int seed)
    {
        var net = new ImageNetwork(variant.Name, 224, seed);
        var x = net.MaxPool(net.Activated(net.Image, 24, Window.Square(3, 2)), Window.Square(3, 2));
        var extent = 56;
        for (var stage = 0; stage < Blocks.Length; stage++)
        {
            net.Part = $"stage{stage + 2}.block1";
            x = Halve(net, x, variant, stage, extent);
            extent /= 2;
            for (var block = 0; block < Blocks[stage]; block++)
            {
                net.Part = $"stage{stage + 2}.block{block + 2}";
                var branch = Branch(net, x, variant.Groups, variant, x.Channels, x.Channels / variant.Bottleneck, 1, extent);
                x = net.Relu(net.Sum(branch, x));
            }
        }
        return net.Classify(net.GlobalAverage(x));
    }

    /// <summary>The branch gives what the pooled input beside it leaves of the width.</summary>
    private static Features Halve(ImageNetwork net, Features x, Variant variant, int stage, int extent)
    {
        var width = variant.Width << stage;
        var outputs = width - x.Channels;
        var narrow = variant.Bottleneck == 1 ? outputs : width / variant.Bottleneck;
        var branch = Branch(net, x, stage == 0 ? variant.FirstGroups : variant.Groups, variant, outputs, narrow, 2, extent);
        return net.Relu(net.Concat(branch, net.AveragePool(x, Window.Square(3, 2))));
    }

    private static Features Branch(
        ImageNetwork net, Features x, int firstGroups, Variant variant, int outputs, int narrow, int stride, int extent)
    {
        var y = net.Shuffle(net.Activated(x, narrow, Window.Square(1), firstGroups), variant.Groups, extent);
        y = net.Normalized(y, narrow, Window.Square(3, stride), groups: narrow, gain: 1);
        return net.Normalized(y, outputs, Window.Square(1), variant.Groups, gain: 1);
    }
}
