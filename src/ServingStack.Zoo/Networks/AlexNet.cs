using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// AlexNet with its two groups (Krizhevsky et al. 2012), which is also the one that Kim et al. 2016 compress: 60,965,224 parameters, 725
/// million multiply-adds of 227 x 227 pixels.
/// </summary>
internal static class AlexNet
{
    public static Graph Create(int seed, RankTable? ranks = null)
    {
        var net = new ImageNetwork(ranks is null ? "alexnet" : "alexnet_tucker", 227, seed) { Ranks = ranks };
        var pool = Window.Square(3, 2, 0);
        var x = net.LocalResponse(net.Relu(net.Convolution(net.Image, 96, Window.Square(11, 4, 0))));
        x = net.LocalResponse(net.Relu(net.Convolution(net.MaxPool(x, pool), 256, Window.Square(5), groups: 2)));
        net.Part = "body";
        x = net.Relu(net.Convolution(net.MaxPool(x, pool), 384, Window.Square(3)));
        x = net.Relu(net.Convolution(x, 384, Window.Square(3), groups: 2));
        x = net.Relu(net.Convolution(x, 256, Window.Square(3), groups: 2));
        x = net.MaxPool(x, pool);
        net.Part = "head";
        x = net.Relu(net.LinearOfMap(x, 6, 4096));
        return net.Classify(net.Relu(net.Linear(x, 4096)));
    }
}
