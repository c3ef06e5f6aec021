namespace ServingStack.Compression.Evaluation;

/// <summary>
/// What a model is worth on some rows, shares 0..1. A classifier has <paramref name="Top5"/>, a model of one probability has
/// <paramref name="AreaUnderCurve"/> instead.
/// </summary>
/// <param name="Rows">How many rows were judged.</param>
/// <param name="Accuracy">Rows whose highest score is the right class, or whose probability is on the right side of one half.</param>
/// <param name="Top5">Rows whose right class is among the five highest scores.</param>
/// <param name="AreaUnderCurve">See <see cref="Metrics.AreaUnderCurve"/>.</param>
public sealed record EvaluationReport(int Rows, double Accuracy, double? Top5, double? AreaUnderCurve);
