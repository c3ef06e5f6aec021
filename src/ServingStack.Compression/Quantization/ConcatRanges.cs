using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// Gives what is concatenated, and the result, one range that covers all of them: then a concatenation moves bytes and rounds nothing, however
/// many follow each other.
/// </summary>
internal static class ConcatRanges
{
    private const int Most = 255;

    public static void Join(Graph graph, QuantizationScope scope, IDictionary<string, ActivationQuantization> ranges)
    {
        var groups = new Dictionary<string, HashSet<string>>();
        foreach (var concat in scope.In(graph).Where(n => n.OpType == "Concat"))
        {
            // What only moves numbers has the range of what it reads.
            var members = concat.Inputs.Select(input => Source(scope, input!)).Append(concat.Outputs[0])
                .Select(value => value.Name).Where(ranges.ContainsKey).ToArray();
            var joined = members.SelectMany(name => groups.GetValueOrDefault(name) ?? [name]).ToHashSet();
            foreach (var name in joined) groups[name] = joined;
        }
        foreach (var group in groups.Values.Distinct())
        {
            var least = group.Min(name => -ranges[name].ZeroPoint * ranges[name].Scale);
            var most = group.Max(name => (Most - ranges[name].ZeroPoint) * ranges[name].Scale);
            foreach (var name in group) ranges[name] = ActivationQuantization.Covering(least, most);
        }
    }

    private static Value Source(QuantizationScope scope, Value value) =>
        value.Producer is { } producer && scope.Contains(producer) && QuantizableOperators.RoleOf(producer) == QuantizedRole.Move
            ? Source(scope, producer.Inputs[0]!)
            : value;
}
