using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// Inception-v3 (Szegedy et al. 2016) in torchvision's widths, without the auxiliary classifier: 23,834,568 parameters, 299 x 299 pixels.
/// </summary>
internal static class InceptionV3
{
    private static readonly Window One = Window.Square(1);
    private static readonly Window Three = Window.Square(3);
    private static readonly Window Halving = Window.Square(3, 2, 0);
    private static readonly Window Row = Window.Same(1, 7);
    private static readonly Window Column = Window.Same(7, 1);

    public static Graph Create(int seed)
    {
        var net = new ImageNetwork("inception_v3", 299, seed);
        var x = net.Activated(net.Activated(net.Image, 32, Halving), 32, Window.Square(3, 1, 0));
        x = net.MaxPool(net.Activated(x, 64, Three), Halving);
        x = net.MaxPool(net.Activated(net.Activated(x, 80, One), 192, Window.Square(3, 1, 0)), Halving);
        foreach (var projection in (int[])[32, 64, 64]) x = Squares(net, x, projection);
        x = Shrink35(net, x);
        foreach (var width in (int[])[128, 160, 160, 192]) x = Strips(net, x, width);
        x = Shrink17(net, x);
        for (var block = 0; block < 2; block++) x = Fans(net, x);
        return net.Classify(net.GlobalAverage(x));
    }

    private static Features Chain(ImageNetwork net, Features x, params (int Width, Window Window)[] layers) =>
        layers.Aggregate(x, (y, layer) => net.Activated(y, layer.Width, layer.Window));

    /// <summary>35 x 35 pixels: 1x1, 5x5, two 3x3, and a pool.</summary>
    private static Features Squares(ImageNetwork net, Features x, int projection)
    {
        net.Part = "squares";
        return net.Concat(
            Chain(net, x, (64, One)),
            Chain(net, x, (48, One), (64, Window.Square(5))),
            Chain(net, x, (64, One), (96, Three), (96, Three)),
            Chain(net, net.AveragePool(x, Three), (projection, One)));
    }

    private static Features Shrink35(ImageNetwork net, Features x)
    {
        net.Part = "shrink35";
        return net.Concat(
            Chain(net, x, (384, Halving)),
            Chain(net, x, (64, One), (96, Three), (96, Halving)),
            net.MaxPool(x, Halving));
    }

    /// <summary>17 x 17 pixels: 7x7 kernels as a row and a column.</summary>
    private static Features Strips(ImageNetwork net, Features x, int width)
    {
        net.Part = "strips";
        return net.Concat(
            Chain(net, x, (192, One)),
            Chain(net, x, (width, One), (width, Row), (192, Column)),
            Chain(net, x, (width, One), (width, Column), (width, Row), (width, Column), (192, Row)),
            Chain(net, net.AveragePool(x, Three), (192, One)));
    }

    private static Features Shrink17(ImageNetwork net, Features x)
    {
        net.Part = "shrink17";
        return net.Concat(
            Chain(net, x, (192, One), (320, Halving)),
            Chain(net, x, (192, One), (192, Row), (192, Column), (192, Halving)),
            net.MaxPool(x, Halving));
    }

    /// <summary>8 x 8 pixels: branches that end in a row and a column beside each other.</summary>
    private static Features Fans(ImageNetwork net, Features x)
    {
        net.Part = "fans";
        Features Fan(Features y) => net.Concat(Chain(net, y, (384, Window.Same(1, 3))), Chain(net, y, (384, Window.Same(3, 1))));
        return net.Concat(
            Chain(net, x, (320, One)),
            Fan(Chain(net, x, (384, One))),
            Fan(Chain(net, x, (448, One), (384, Three))),
            Chain(net, net.AveragePool(x, Three), (192, One)));
    }
}
