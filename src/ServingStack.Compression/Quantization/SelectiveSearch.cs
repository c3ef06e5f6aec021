using System.Globalization;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Selective quantization: the fewest layers, taken by their shadow error, that must stay in floats for the accuracy on the calibration
/// rows to lose no more than the budget.
/// </summary>
internal sealed class SelectiveSearch(Graph model, ILabelledRows rows, Int8Options options)
{
    private readonly FirstRows _rows = new(rows, options.CalibrationRows);

    public Int8Result Run(IReadOnlyList<OperatorError> errors, Func<IReadOnlySet<string>, Int8Result> write)
    {
        var budget = options.Budget is >= 0 and <= 1 and var b ? b
            : throw new QuantizationException($"The budget is {options.Budget}; a share of the rows, 0 to 1, is expected.");
        var worst = errors.OrderBy(e => e.SignalToNoise).ToArray();
        var target = Accuracy(model) - budget;
        Int8Result Keeping(int count) => write(worst.Take(count).Select(e => e.Name).Concat(options.Keep).ToHashSet());
        bool Holds(Int8Result result) => Accuracy(result.Graph) >= target;

        var (low, high, most) = (-1, 0, (int)Math.Floor(worst.Length * options.MostInFloat));
        var best = Keeping(0);
        while (!Holds(best))
        {
            if (high == most) throw Missed(worst.Take(most), Accuracy(best.Graph), target);
            (low, high) = (high, Math.Min(most, Math.Max(1, 2 * high)));
            best = Keeping(high);
        }
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (Keeping(middle) is var result && Holds(result)) (high, best) = (middle, result);
            else low = middle;
        }
        return best;
    }

    private double Accuracy(Graph graph)
    {
        using var compiled = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true, Threads = 0 });
        return Evaluator.Run(compiled, _rows).Accuracy;
    }

    private QuantizationException Missed(IEnumerable<OperatorError> inTheWay, double reached, double target) =>
        new(string.Create(CultureInfo.InvariantCulture,
            $"The budget asks for an accuracy of {100 * target:0.00} % on the calibration rows; with {100 * options.MostInFloat:0} % of the " +
            $"layers in floats it is {100 * reached:0.00} %. In the way, worst first: ") +
            string.Join(", ", inTheWay.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.OpType} {e.Name} ({e.SignalToNoise:0.0} dB)"))) +
            ". Allow a larger loss or more layers in floats, or tune the model.");
}
