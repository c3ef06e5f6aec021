using ServingStack.Graphs;

namespace ServingStack.Engine.Lowering;

/// <summary>
/// Follows the integers of graph inputs, with one batch entry, through operators that only move them, to the tables that they look up: so a
/// request with an index outside its table can be refused by itself, before it joins a batch.
/// </summary>
internal sealed class IndexTracer
{
    /// <summary>Longer integer rows are data, not indices; a plan notices a bad one while it runs.</summary>
    private const int MaxRow = 4096;

    private static readonly Dictionary<string, Func<PlanNode, int[], int[]?>> Moves = new(StringComparer.Ordinal)
    {
        ["Identity"] = (_, positions) => positions,
        ["Reshape"] = (_, positions) => positions,
        ["Flatten"] = (_, positions) => positions,
        ["Squeeze"] = (_, positions) => positions,
        ["Unsqueeze"] = (_, positions) => positions,
        ["Cast"] = (node, positions) => node.Y.ElementType is ElementType.Int32 or ElementType.Int64 ? positions : null,
        ["Gather"] = Gather,
        ["Slice"] = Slice,
    };

    private readonly Dictionary<PlanValue, (int Input, int[] Positions)> _origins = [];
    private readonly SortedDictionary<int, (long Least, long Most)?[]> _ranges = [];

    public void Start(PlanValue input, int index)
    {
        if (input.ElementType is not (ElementType.Int32 or ElementType.Int64) || input.ElementCount is 0 or > MaxRow) return;
        _origins[input] = (index, [.. Enumerable.Range(0, (int)input.ElementCount)]);
    }

    public void Visit(PlanNode node)
    {
        if (node.OpType is "Gather" or "EmbeddingBag" or "EmbeddingRows" && node.Inputs[1] is { } indices
            && _origins.TryGetValue(indices, out var lookup)) Require(node, lookup);
        if (node.Inputs.Count == 0 || node.Inputs[0] is not { } x || !_origins.TryGetValue(x, out var origin)) return;
        if (Moves.TryGetValue(node.OpType, out var move) && move(node, origin.Positions) is { } moved) _origins[node.Y] = (origin.Input, moved);
    }

    /// <summary>The ranges found, by input. Inputs that are open in more than the batch must have one range for all their numbers.</summary>
    public IReadOnlyDictionary<int, IndexBounds> Bounds(IReadOnlyList<TensorSpec> inputs) => _ranges
        .Where(r => inputs[r.Key].Shape.Skip(1).All(d => d.IsFixed) || r.Value.Distinct().Count() == 1)
        .ToDictionary(r => r.Key, r => new IndexBounds(inputs[r.Key], r.Value));

    private void Require(PlanNode node, (int Input, int[] Positions) lookup)
    {
        var length = node.X.Shape[Axes.Normalize(node.Attributes.Int("axis", 0), node.X.Shape.Length)];
        if (!_ranges.TryGetValue(lookup.Input, out var ranges))
            _ranges.Add(lookup.Input, ranges = new (long, long)?[_origins.First(o => o.Value.Input == lookup.Input).Value.Positions.Length]);
        foreach (var position in lookup.Positions)
            ranges[position] = ranges[position] is var (least, most) ? (Math.Max(least, -length), Math.Min(most, length - 1)) : (-length, length - 1);
    }

    private static int[]? Gather(PlanNode node, int[] positions)
    {
        if (node.Inputs[1]?.Constant is not { } indices) return null;
        var (outer, length, inner) = Axes.Split(
            Layout.Plain, node.X.Shape, Axes.Normalize(node.Attributes.Int("axis", 0), node.X.Shape.Length));
        var moved = new List<int>();
        for (long o = 0; o < outer; o++)
            foreach (var index in indices.ToInt64s())
                for (long i = 0; i < inner; i++)
                    moved.Add(positions[(((o * length) + (index < 0 ? index + length : index)) * inner) + i]);
        return [.. moved];
    }

    private static int[]? Slice(PlanNode node, int[] positions)
    {
        if (node.Inputs.Skip(1).Any(v => v is { IsConstant: false })) return null;
        var (starts, steps) = Slices.StartsAndSteps(node);
        var moved = new int[node.Y.ElementCount];
        for (var i = 0; i < moved.Length; i++)
        {
            long rest = i, from = 0, stride = 1;
            for (var axis = starts.Length - 1; axis >= 0; axis--)
            {
                from += (starts[axis] + (rest % node.Y.Shape[axis] * steps[axis])) * stride;
                rest /= node.Y.Shape[axis];
                stride *= node.X.Shape[axis];
            }
            moved[i] = positions[from];
        }
        return moved;
    }
}
