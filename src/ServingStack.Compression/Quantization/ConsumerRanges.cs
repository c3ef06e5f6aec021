using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Narrows ranges by what their reader makes of them (Park et al. 2018, section 3.2.2, net-aware quantization). A layer whose output only
/// goes into a sum that is cut off at zero need not resolve what lies far below zero: its step becomes that of the sum, its top stays
/// covered. The steps being equal also lets a kernel add the residual to the layer's accumulators.
/// </summary>
internal static class ConsumerRanges
{
    private const int Most = 255;

    public static void Narrow(Graph graph, QuantizationScope scope, IDictionary<string, ActivationQuantization> ranges)
    {
        foreach (var add in scope.In(graph).Where(n => n.OpType == "Add"))
        {
            if (add.Outputs[0].Consumers is not [{ OpType: "Relu" } relu]) continue;
            if (!ranges.TryGetValue(relu.Outputs[0].Name, out var sum)) continue;
            foreach (var input in add.Inputs)
                if (IsLayerOutput(graph, input!) && ranges[input!.Name] is var own && own.Scale > sum.Scale)
                    ranges[input.Name] = CoveringTop((Most - own.ZeroPoint) * own.Scale, sum.Scale);
        }
    }

    private static bool IsLayerOutput(Graph graph, Value value) =>
        value.Producer is { } layer && QuantizableOperators.RoleOf(layer) == QuantizedRole.Layer && value.Consumers.Count == 1
            && !graph.IsOutput(value);

    private static ActivationQuantization CoveringTop(float top, float scale) =>
        new(scale, (byte)(Most - Math.Clamp((int)MathF.Ceiling(top / scale), 0, Most)));
}
