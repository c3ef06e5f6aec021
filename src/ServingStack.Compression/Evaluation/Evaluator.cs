using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Evaluation;

/// <summary>Runs a model over labelled rows and judges its first output.</summary>
public static class Evaluator
{
    /// <summary>The scores of all rows, row-major; the progress counts rows.</summary>
    public static float[] Scores(CompiledModel model, ILabelledRows rows, int batch = 100, IProgress<int>? progress = null)
    {
        using var session = model.CreateSession();
        // A model that was exported for one batch size gets just that.
        if (model.Inputs[0].Shape is [{ IsFixed: true } only, ..]) batch = (int)only.Value;
        List<float> scores = [];
        for (var first = 0; first < rows.Count; first += batch)
        {
            var count = Math.Min(batch, rows.Count - first);
            if (count < batch && model.Inputs[0].Shape[0].IsFixed) break;
            var output = session.Run(rows.Inputs(first, count))[0];
            scores.AddRange(MemoryMarshal.Cast<byte, float>(Floats(output).Bytes.Span));
            progress?.Report(first + count);
        }
        return [.. scores];
    }

    public static EvaluationReport Run(CompiledModel model, ILabelledRows rows, int batch = 100, IProgress<int>? progress = null) =>
        Judge(Scores(model, rows, batch, progress), rows, WidthOf(model.Outputs[0].Name, model.Outputs[0].Shape));

    /// <summary>Judges scores of the first rows; <paramref name="width"/> is the number of scores a row has.</summary>
    public static EvaluationReport Judge(ReadOnlySpan<float> scores, ILabelledRows rows, int width)
    {
        var count = scores.Length / width;
        return width == 1 ? JudgeProbabilities(scores, rows) : JudgeClasses(scores, rows, width, count);
    }

    private static EvaluationReport JudgeProbabilities(ReadOnlySpan<float> scores, ILabelledRows rows)
    {
        var targets = new float[scores.Length];
        var right = 0;
        for (var i = 0; i < targets.Length; i++)
        {
            targets[i] = rows.Target(i);
            if ((scores[i] > 0.5f) == (targets[i] > 0.5f)) right++;
        }
        return new(targets.Length, (double)right / targets.Length, null, Metrics.AreaUnderCurve(scores, targets));
    }

    private static EvaluationReport JudgeClasses(ReadOnlySpan<float> scores, ILabelledRows rows, int width, int count)
    {
        int top1 = 0, top5 = 0;
        for (var i = 0; i < count; i++)
        {
            var row = scores.Slice(i * width, width);
            if (Metrics.IsAmongTop(row, (int)rows.Target(i), 1)) top1++;
            if (Metrics.IsAmongTop(row, (int)rows.Target(i), 5)) top5++;
        }
        return new(count, (double)top1 / count, (double)top5 / count, null);
    }

    /// <summary>How many scores a row has in an output.</summary>
    /// <exception cref="NotSupportedException">Their number is not fixed.</exception>
    public static int WidthOf(string output, Shape shape) =>
        shape.Rank >= 2 && shape.Skip(1).All(d => d.IsFixed)
            ? (int)shape.Skip(1).Aggregate(1L, (product, d) => product * d.Value)
            : throw new NotSupportedException(
                $"Output '{output}' has shape {shape}; to be judged it must hold a fixed number of scores a row.");

    private static Tensor Floats(Tensor output) => output.ElementType == ElementType.Float32 ? output
        : throw new NotSupportedException($"The model's output is {output.ElementType}; to be judged it must be Float32.");
}
