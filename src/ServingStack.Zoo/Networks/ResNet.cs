using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>
/// ResNet-50 (He et al. 2016) with the stride in the 3x3 convolution, as torchvision has it: 25,557,032 parameters, 224 x 224 pixels.
/// </summary>
internal static class ResNet
{
    // In a sum of many blocks each one adds a little, so that the last does not drown in the rest.
    private const double BranchGain = 0.25;

    private static readonly int[] Blocks = [3, 4, 6, 3];

    public static Graph Create50(int seed)
    {
        var net = new ImageNetwork("resnet50", 224, seed);
        var x = net.MaxPool(net.Activated(net.Image, 64, Window.Square(7, 2)), Window.Square(3, 2));
        for (var stage = 0; stage < Blocks.Length; stage++)
            for (var block = 0; block < Blocks[stage]; block++)
            {
                net.Part = $"stage{stage + 1}.block{block + 1}";
                x = Block(net, x, 64 << stage, stride: block == 0 && stage > 0 ? 2 : 1);
            }
        return net.Classify(net.GlobalAverage(x));
    }

    private static Features Block(ImageNetwork net, Features x, int width, int stride)
    {
        var y = net.Activated(net.Activated(x, width, Window.Square(1)), width, Window.Square(3, stride));
        y = net.Normalized(y, 4 * width, Window.Square(1), gain: BranchGain);
        var shortcut = x.Channels == 4 * width ? x : net.Normalized(x, 4 * width, Window.Square(1, stride), gain: 1);
        return net.Relu(net.Sum(y, shortcut));
    }
}
