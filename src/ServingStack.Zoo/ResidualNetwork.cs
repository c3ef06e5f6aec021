using ServingStack.Graphs;

namespace ServingStack.Zoo;

/// <summary>
/// A small residual network for images (He et al. 2016, section 4.2): a 3x3 convolution, three stages of basic blocks whose widths double
/// and whose maps halve, global average pooling, a linear classifier. A block that changes shape has a 1x1 convolution as its shortcut.
/// Input <c>image</c> [batch, channels, extent, extent], pixels / 255; output <c>probabilities</c> [batch, classes].
/// </summary>
public static class ResidualNetwork
{
    /// <summary>What to build. The defaults are the sample network for 28 x 28 grey images: 14 layers, about 175,000 parameters.</summary>
    public sealed record Configuration
    {
        public int Channels { get; init; } = 1;
        public int Extent { get; init; } = 28;
        public int Classes { get; init; } = 10;

        /// <summary>Channels of the first stage; each later stage has twice those of the one before.</summary>
        public int Width { get; init; } = 16;

        public int Stages { get; init; } = 3;
        public int BlocksPerStage { get; init; } = 2;
    }

    /// <summary>Builds the network; the same seed gives the same weights.</summary>
    public static Graph Create(Configuration configuration, int seed)
    {
        var graph = new Graph("residual_network");
        var layers = new Layers(graph, new Random(seed));
        var image = graph.AddInput("image", ElementType.Float32,
            new Shape(Dimension.Named("batch"), configuration.Channels, configuration.Extent, configuration.Extent));
        var x = layers.Relu(layers.NormalizedConvolution(image, configuration.Channels, configuration.Width, 3, 1, "stem"), "stem.relu");
        var width = configuration.Width;
        for (var stage = 0; stage < configuration.Stages; stage++)
            for (var block = 0; block < configuration.BlocksPerStage; block++)
            {
                var narrow = width;
                width = configuration.Width << stage;
                x = Block(layers, x, narrow, width, stride: narrow == width ? 1 : 2, $"stage{stage + 1}.block{block + 1}");
            }
        var features = layers.Flatten(layers.GlobalAveragePool(x, "pool"), "features");
        var logits = layers.Linear(features, width, configuration.Classes, "classifier");
        var probabilities = layers.Softmax(logits, "probabilities");
        probabilities.ElementType = ElementType.Float32;
        probabilities.Shape = new Shape(Dimension.Named("batch"), configuration.Classes);
        graph.Outputs.Add(probabilities);
        return graph;
    }

    private static Value Block(Layers layers, Value x, int narrow, int width, int stride, string name)
    {
        var y = layers.Relu(layers.NormalizedConvolution(x, narrow, width, 3, stride, $"{name}.conv1"), $"{name}.relu1");
        y = layers.NormalizedConvolution(y, width, width, 3, 1, $"{name}.conv2");
        var shortcut = narrow == width ? x : layers.NormalizedConvolution(x, narrow, width, 1, stride, $"{name}.shortcut");
        return layers.Relu(layers.Add(y, shortcut, $"{name}.add"), $"{name}.relu2");
    }
}
