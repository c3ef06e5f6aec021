using ServingStack.Compression.Datasets;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Training.Data;

namespace ServingStack.Cli.Terminal;

/// <summary>Rows named on the command line as <c>KIND:PATH</c>.</summary>
internal static class DataArgument
{
    public const string Forms = "fashion-mnist:DIR, cifar10:DIR, imagenet:ZIP, adult:DIR";

    private sealed record Kind(string Name, Func<Request, ILabelledRows> Open, Func<Request, ITrainingData>? Train = null);

    private sealed record Request(string Path, bool Train, string? Preset, TensorSpec Input);

    private static readonly Kind[] Kinds =
    [
        new("fashion-mnist", r => new ImageRows(FashionMnist.Load(r.Path, r.Train), ChannelNormalization.None),
            r => new ImageData(FashionMnist.Load(r.Path, r.Train))),
        new("cifar10", r => new ImageRows(Cifar10.Load(r.Path, r.Train), ChannelNormalization.ImageNet),
            r => new ImageData(Cifar10.Load(r.Path, r.Train), maxShift: 4, normalization: ChannelNormalization.ImageNet)),
        new("imagenet", r => new PhotographRows(ImageFolder.Open(r.Path), Preparations.ByName(r.Preset ?? "imagenet", SizeOf(r.Input)))),
        new("adult", r => new TabularRows(Adult.Load(r.Path, r.Train)), r => new TabularData(Adult.Load(r.Path, r.Train))),
    ];

    /// <summary>The forms that can be trained on.</summary>
    public static string TrainableForms =>
        string.Join(", ", Kinds.Where(k => k.Train is not null).Select(k => $"{k.Name}:DIR"));

    /// <summary>Opens the test rows, or the training rows for calibration, as the input of a model.</summary>
    /// <exception cref="UsageException">The text is no known form.</exception>
    public static ILabelledRows Open(string text, bool train, string? preset, TensorSpec input)
    {
        var (kind, path) = Parse(text);
        return kind.Open(new(path, train, preset, input));
    }

    /// <summary>Opens the training rows, or the test rows, for training.</summary>
    /// <exception cref="UsageException">The text is no known form, or one that has no training rows.</exception>
    public static ITrainingData OpenTraining(string text, bool train, TensorSpec input)
    {
        var (kind, path) = Parse(text);
        return kind.Train?.Invoke(new(path, train, null, input)) ?? throw new UsageException(
            $"'{text}' cannot be trained on; expected one of {TrainableForms}.");
    }

    /// <summary>The kind without its path: what a model's lineage may tell.</summary>
    public static string KindOf(string text) => Parse(text).Kind.Name;

    private static (Kind Kind, string Path) Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var kind = colon > 0 ? Array.Find(Kinds, k => k.Name == text[..colon]) : null;
        return kind is null ? throw new UsageException($"'{text}' names no data; expected one of {Forms}.") : (kind, text[(colon + 1)..]);
    }

    private static int SizeOf(TensorSpec input) => input.Shape is { Rank: 4 } shape && shape[2].IsFixed ? (int)shape[2].Value
        : throw new UsageException($"Input '{input.Name}' has shape {input.Shape}; photographs need a model of a fixed height and width, " +
            "channels first.");
}
