using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Training.Data;
using ServingStack.Zoo;

namespace ServingStack.Training.Recipes;

/// <summary>A small residual network that tells ten kinds of clothing apart.</summary>
internal static class FashionResnet
{
    public static Recipe Recipe { get; } = new(
        "fashion-resnet", "fashion_resnet", "residual network on Fashion-MNIST, about 10 minutes on two cores", new() { Epochs = 8 },
            Prepare);

    private static RecipeMaterial Prepare(string? folder, int seed)
    {
        if (folder is null) throw new DatasetException("fashion-resnet needs --data DIR: the folder of the four Fashion-MNIST files " +
            "(train-*.gz, t10k-*.gz).");
        var (training, test) = (FashionMnist.Load(folder, train: true), FashionMnist.Load(folder, train: false));
        var graph = ResidualNetwork.Create(new(), seed);
        graph.Name = "fashion_resnet";
        graph.Metadata["data"] = "Fashion-MNIST: 60,000 training images, judged on the 10,000 test images";
        graph.Metadata["input"] = "image: grey pixels / 255, 28 x 28, the garment light on black";
        graph.Metadata["labels"] = string.Join(",", training.ClassNames);
        return new(graph, new ImageData(training), new ImageData(test), new ImageRows(test, ChannelNormalization.None));
    }
}
