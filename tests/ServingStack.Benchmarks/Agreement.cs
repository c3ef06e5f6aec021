using System.Runtime.InteropServices;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Benchmarks;

/// <summary>
/// How far outputs are from the model computed literally, on ONNX Runtime without optimizations. <paramref name="RelativeError"/> is the
/// greatest difference over the greatest number. <paramref name="WithinStep"/> is the share of numbers within one step, where a step is the
/// range of the literal outputs in 255 parts, which is what eight bits can tell apart. A deep network in eight bits drifts by its roundings:
/// what fused and literal roundings of the same file come to is as uncertain for ONNX Runtime's own optimizer, whose share stands beside ours.
/// </summary>
internal sealed record Agreement(double RelativeError, double WithinStep)
{
    public static Agreement Of(IReadOnlyList<float[]> literal, IReadOnlyList<float[]> actual)
    {
        double error = 0;
        long within = 0, count = 0;
        for (var i = 0; i < literal.Count; i++)
        {
            var (least, most) = (literal[i].Min(), literal[i].Max());
            var greatest = Math.Max(Math.Max(Math.Abs((double)least), Math.Abs((double)most)), 1e-30);
            // One number alone has no range but its distance from zero.
            var step = (most > least ? (double)most - least : greatest) / 255;
            for (var n = 0; n < literal[i].Length; n++)
            {
                var difference = Math.Abs((double)literal[i][n] - actual[i][n]);
                error = Math.Max(error, double.IsNaN(difference) ? double.PositiveInfinity : difference / greatest);
                if (difference <= step) within++;
            }
            count += literal[i].Length;
        }
        return new Agreement(error, (double)within / Math.Max(count, 1));
    }

    /// <summary>The outputs of floats of a plan's last run.</summary>
    public static float[][] OutputsOf(CompiledModel model, Plan plan) =>
        [.. model.Outputs.Select((output, i) => (output, i)).Where(o => o.output.ElementType == ElementType.Float32)
            .Select(o => MemoryMarshal.Cast<byte, float>(plan.Output(o.i)).ToArray())];
}
