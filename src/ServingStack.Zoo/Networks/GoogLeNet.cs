using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// GoogLeNet (Szegedy et al. 2015, table 1) with its local response normalizations and without the auxiliary classifiers: 6,998,552
/// parameters, 224 x 224 pixels.
/// </summary>
internal static class GoogLeNet
{
    private sealed record Module(string Name, int Single, int Reduce3, int Width3, int Reduce5, int Width5, int Projection);

    private static readonly Module[][] Stages =
    [
        [new("3a", 64, 96, 128, 16, 32, 32), new("3b", 128, 128, 192, 32, 96, 64)],
        [
            new("4a", 192, 96, 208, 16, 48, 64), new("4b", 160, 112, 224, 24, 64, 64), new("4c", 128, 128, 256, 24, 64, 64),
            new("4d", 112, 144, 288, 32, 64, 64), new("4e", 256, 160, 320, 32, 128, 128),
        ],
        [new("5a", 256, 160, 320, 32, 128, 128), new("5b", 384, 192, 384, 48, 128, 128)],
    ];

    public static Graph Create(int seed, RankTable? ranks = null)
    {
        var net = new ImageNetwork(ranks is null ? "googlenet" : "googlenet_tucker", 224, seed) { Ranks = ranks };
        var halve = Window.RoundedUp(3, 2);
        var x = net.Relu(net.Convolution(net.Image, 64, Window.Square(7, 2)));
        x = net.LocalResponse(net.MaxPool(x, halve));
        x = net.Relu(net.Convolution(x, 64, Window.Square(1)));
        x = net.LocalResponse(net.Relu(net.Convolution(x, 192, Window.Square(3))));
        foreach (var stage in Stages)
        {
            x = net.MaxPool(x, halve);
            foreach (var module in stage) x = Inception(net, x, module);
        }
        return net.Classify(net.GlobalAverage(x));
    }

    private static Features Inception(ImageNetwork net, Features x, Module m)
    {
        net.Part = $"inception_{m.Name}";
        Features Layer(Features from, int width, int kernel) => net.Relu(net.Convolution(from, width, Window.Square(kernel)));
        return net.Concat(
            Layer(x, m.Single, 1),
            Layer(Layer(x, m.Reduce3, 1), m.Width3, 3),
            Layer(Layer(x, m.Reduce5, 1), m.Width5, 5),
            Layer(net.MaxPool(x, Window.Square(3)), m.Projection, 1));
    }
}
