using ServingStack.Graphs;
using ServingStack.Zoo.Networks;

namespace ServingStack.Zoo;

/// <summary>A network that the zoo can build: the same seed gives the same weights.</summary>
/// <param name="Name">What it is called on a command line.</param>
/// <param name="Summary">What it is.</param>
/// <param name="Create">Builds it from a seed.</param>
public sealed record NetworkEntry(string Name, string Summary, Func<int, Graph> Create);

/// <summary>
/// Networks of published papers at their published shapes, with seeded weights: for measuring, and as a start for training. Each takes
/// <c>image</c> [batch, 3, extent, extent] and gives <c>logits</c> [batch, 1000].
/// </summary>
public static class NetworkCatalog
{
    public static IReadOnlyList<NetworkEntry> All { get; } =
    [
        new("resnet50", "ResNet-50, He et al. 2016", ResNet.Create50),
        new("vgg16", "VGG-16, Simonyan and Zisserman 2015", seed => Vgg.Create16(seed)),
        new("googlenet", "GoogLeNet with local response normalization, Szegedy et al. 2015", seed => GoogLeNet.Create(seed)),
        new("inception_v3", "Inception-v3, Szegedy et al. 2016", InceptionV3.Create),
        new("densenet121", "DenseNet-121, Huang et al. 2017", DenseNet.Create121),
        new("mobilenet_v2", "MobileNet-v2, Sandler et al. 2018", MobileNetV2.Create),
        new("shufflenet", "ShuffleNet with 4 groups, without bottleneck: Zhang et al. 2018, as in the ONNX model zoo", ShuffleNet.CreateFlat),
        new("shufflenet_g3", "ShuffleNet 1x with 3 groups, Zhang et al. 2018", ShuffleNet.CreatePublished),
        new("alexnet", "AlexNet with two groups, Krizhevsky et al. 2012", seed => AlexNet.Create(seed)),
        new("vggs", "VGG-S, Chatfield et al. 2014", seed => Vgg.CreateSlow(seed)),
        new("alexnet_tucker", "AlexNet at the ranks of Kim et al. 2016", seed => AlexNet.Create(seed, TuckerRanks.AlexNet)),
        new("vggs_tucker", "VGG-S at the multiply-adds of Kim et al. 2016", seed => Vgg.CreateSlow(seed, TuckerRanks.VggS)),
        new("googlenet_tucker", "GoogLeNet at the multiply-adds of Kim et al. 2016", seed => GoogLeNet.Create(seed, TuckerRanks.GoogLeNet)),
        new("vgg16_tucker", "VGG-16 at the multiply-adds of Kim et al. 2016", seed => Vgg.Create16(seed, TuckerRanks.Vgg16)),
    ];

    /// <summary>The network of that name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those that there are.</exception>
    public static NetworkEntry Find(string name) => All.FirstOrDefault(entry => entry.Name == name)
        ?? throw new ArgumentException($"There is no network '{name}'. There are: {string.Join(", ", All.Select(entry => entry.Name))}.");
}
