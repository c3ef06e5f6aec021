using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// VGG-16, configuration D of Simonyan and Zisserman 2015 (138,357,544 parameters), and the slow network of Chatfield et al. 2014, VGG-S
/// (about 103 million), both of 224 x 224 pixels.
/// </summary>
internal static class Vgg
{
    private static readonly (int Width, int Layers)[] Stages = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)];

    public static Graph Create16(int seed, RankTable? ranks = null)
    {
        var net = new ImageNetwork(ranks is null ? "vgg16" : "vgg16_tucker", 224, seed) { Ranks = ranks };
        var x = net.Image;
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            net.Part = $"stage{stage + 1}";
            for (var layer = 0; layer < Stages[stage].Layers; layer++)
                x = net.Relu(net.Convolution(x, Stages[stage].Width, Window.Square(3)));
            x = net.MaxPool(x, Window.Square(2, 2, 0));
        }
        return Head(net, x, 7);
    }

    public static Graph CreateSlow(int seed, RankTable? ranks = null)
    {
        var net = new ImageNetwork(ranks is null ? "vggs" : "vggs_tucker", 224, seed) { Ranks = ranks };
        var x = net.LocalResponse(net.Relu(net.Convolution(net.Image, 96, Window.Square(7, 2, 0))));
        x = net.Relu(net.Convolution(net.MaxPool(x, Window.RoundedUp(3, 3, 2)), 256, Window.Square(5, 1, 0)));
        x = net.MaxPool(x, Window.RoundedUp(2, 2));
        net.Part = "body";
        for (var layer = 0; layer < 3; layer++) x = net.Relu(net.Convolution(x, 512, Window.Square(3)));
        return Head(net, net.MaxPool(x, Window.RoundedUp(3, 3)), 6);
    }

    private static Graph Head(ImageNetwork net, Features x, int extent)
    {
        net.Part = "head";
        return net.Classify(net.Relu(net.Linear(net.Relu(net.LinearOfMap(x, extent, 4096)), 4096)));
    }
}
