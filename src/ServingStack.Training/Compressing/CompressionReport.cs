using ServingStack.Compression.Tucker;

namespace ServingStack.Training.Compressing;

/// <summary>What compressing came to: what the files and the terminal show.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="SourceHash">SHA-256 of the original file.</param>
/// <param name="Method">How ranks were chosen.</param>
/// <param name="Machine">Where times were measured.</param>
/// <param name="Layers">Every layer that holds weights, in order.</param>
/// <param name="Totals">Of the layers; times of the whole network.</param>
/// <param name="Data">The data set's kind; null where none was given.</param>
/// <param name="Accuracy">Null where no data was given.</param>
/// <param name="Curve">Epochs of fine-tuning; the first is the state before it.</param>
public sealed record CompressionReport(string Model, string SourceHash, string Method, string Machine, IReadOnlyList<ReportedLayer> Layers,
    CompressionTotals Totals, string? Data, StageAccuracies? Accuracy, IReadOnlyList<EpochRecord> Curve);

/// <summary>A layer's row and its seconds at batch 1, one thread; null where the plan does not tell the layer's steps apart.</summary>
public sealed record ReportedLayer(LayerRow Row, double? SecondsBefore, double? SecondsAfter);

/// <summary>Sums over layers, and the whole network's seconds at batch 1, one thread.</summary>
public sealed record CompressionTotals(long ParametersBefore, long ParametersAfter, long FlopsBefore, long FlopsAfter, double SecondsBefore,
    double SecondsAfter);

/// <summary>Accuracy 0..1 on the test rows, on our engine; tuned is null where nothing was tuned.</summary>
public sealed record StageAccuracies(double Original, double Decomposed, double? Tuned)
{
    public double Final => Tuned ?? Decomposed;
}
