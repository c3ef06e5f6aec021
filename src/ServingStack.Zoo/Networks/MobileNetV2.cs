using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>MobileNet-v2 of width 1 (Sandler et al. 2018, table 2): 3,504,872 parameters, 224 x 224 pixels.</summary>
internal static class MobileNetV2
{
    private static readonly (int Expansion, int Width, int Blocks, int Stride)[] Stages =
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

    public static Graph Create(int seed)
    {
        var net = new ImageNetwork("mobilenet_v2", 224, seed);
        var x = net.Relu6(net.Normalized(net.Image, 32, Window.Square(3, 2)));
        for (var stage = 0; stage < Stages.Length; stage++)
            for (var block = 0; block < Stages[stage].Blocks; block++)
            {
                net.Part = $"stage{stage + 1}.block{block + 1}";
                x = Block(net, x, Stages[stage].Expansion, Stages[stage].Width, block == 0 ? Stages[stage].Stride : 1);
            }
        net.Part = "head";
        return net.Classify(net.GlobalAverage(net.Relu6(net.Normalized(x, 1280, Window.Square(1)))));
    }

    private static Features Block(ImageNetwork net, Features x, int expansion, int width, int stride)
    {
        var wide = expansion * x.Channels;
        var y = expansion == 1 ? x : net.Relu6(net.Normalized(x, wide, Window.Square(1)));
        y = net.Relu6(net.Normalized(y, wide, Window.Square(3, stride), groups: wide));
        y = net.Normalized(y, width, Window.Square(1), gain: 1);
        return stride == 1 && width == x.Channels ? net.Sum(x, y) : y;
    }
}
