using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>DenseNet-121 (Huang et al. 2017): 7,978,856 parameters, 224 x 224 pixels.</summary>
internal static class DenseNet
{
    private const int Growth = 32;

    private static readonly int[] Layers = [6, 12, 24, 16];

    public static Graph Create121(int seed)
    {
        var net = new ImageNetwork("densenet121", 224, seed);
        var x = net.MaxPool(net.Activated(net.Image, 2 * Growth, Window.Square(7, 2)), Window.Square(3, 2));
        for (var block = 0; block < Layers.Length; block++)
        {
            net.Part = $"block{block + 1}";
            for (var layer = 0; layer < Layers[block]; layer++)
            {
                var y = net.Activated(net.Relu(net.Normalization(x)), 4 * Growth, Window.Square(1));
                x = net.Concat(x, net.Plain(y, Growth, Window.Square(3)));
            }
            if (block == Layers.Length - 1) break;
            net.Part = $"transition{block + 1}";
            x = net.Plain(net.Relu(net.Normalization(x)), x.Channels / 2, Window.Square(1));
            x = net.AveragePool(x, Window.Square(2, 2, 0));
        }
        return net.Classify(net.GlobalAverage(net.Relu(net.Normalization(x))));
    }
}
