using ServingStack.Compression.Datasets;

namespace ServingStack.Cli.Terminal;

/// <summary>How photographs become a network's input, by name.</summary>
internal static class Preparations
{
    private static readonly Dictionary<string, Func<int, ImagePreparation>> Known = new(StringComparer.Ordinal)
    {
        ["imagenet"] = ImagePreparation.ImageNet,
        ["caffe"] = ImagePreparation.Caffe,
        ["minus-one-to-one"] = ImagePreparation.MinusOneToOne,
    };

    public static string Names => string.Join(", ", Known.Keys);

    public static ImagePreparation ByName(string name, int size) => Known.TryGetValue(name, out var make) ? make(size)
        : throw new UsageException($"'{name}' is no known preparation; expected one of {Names}.");
}
