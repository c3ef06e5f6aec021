using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;

namespace ServingStack.Cli.Terminal;

/// <summary>Rows named on the command line as <c>KIND:PATH</c>.</summary>
internal static class DataArgument
{
    public const string Forms = "fashion-mnist:DIR, cifar10:DIR, imagenet:ZIP, adult:DIR";

    private sealed record Kind(string Name, Func<Request, ILabelledRows> Open);

    private sealed record Request(string Path, bool Train, string? Preset, TensorSpec Input);

    private static readonly Kind[] Kinds =
    [
        new("fashion-mnist", r => new ImageRows(FashionMnist.Load(r.Path, r.Train), ChannelNormalization.None)),
        new("cifar10", r => new ImageRows(Cifar10.Load(r.Path, r.Train), ChannelNormalization.ImageNet)),
        new("imagenet", r => new PhotographRows(ImageFolder.Open(r.Path), Preparations.ByName(r.Preset ?? "imagenet", SizeOf(r.Input)))),
        new("adult", r => new TabularRows(Adult.Load(r.Path, r.Train))),
    ];

    /// <summary>Opens the test rows, or the training rows for calibration, as the input of a model.</summary>
    /// <exception cref="UsageException">The text is no known form.</exception>
    public static ILabelledRows Open(string text, bool train, string? preset, TensorSpec input)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var kind = colon > 0 ? Array.Find(Kinds, k => k.Name == text[..colon]) : null;
        if (kind is null) throw new UsageException($"'{text}' names no data; expected one of {Forms}.");
        return kind.Open(new(text[(colon + 1)..], train, preset, input));
    }

    private static int SizeOf(TensorSpec input) => input.Shape is { Rank: 4 } shape && shape[2].IsFixed ? (int)shape[2].Value
        : throw new UsageException($"Input '{input.Name}' has shape {input.Shape}; photographs need a model of a fixed height and width, " +
            "channels first.");
}
