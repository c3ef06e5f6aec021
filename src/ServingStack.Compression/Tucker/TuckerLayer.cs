using ServingStack.Compression.Tucker.Calibration;
using ServingStack.Compression.Tucker.Forms;
using ServingStack.Graphs;

namespace ServingStack.Compression.Tucker;

/// <summary>
/// A layer that can be decomposed: its weights, a kernel for each group, what its unfoldings hold, and how often its weights are used at
/// batch 1. Costs count multiply-adds as two operations, as everywhere; bias and normalization are left out.
/// </summary>
public sealed class TuckerLayer
{
    private InputWeighting[]? _weightings;
    private Spectrum[]? _inputs;
    private Spectrum[]? _outputs;

    internal TuckerLayer(Node node, ILayerForm form, bool keepsInputs, long[] inputShape, long[] outputShape)
    {
        (Node, Form, KeepsInputs, InputShape) = (node, form, keepsInputs, inputShape);
        (InputPositions, OutputPositions) = form.Positions(node, inputShape, outputShape);
        Kernels = form.Read(node);
    }

    public Node Node { get; }

    public string Name => Chain.NameOf(Node);

    /// <summary>Whether only the outputs get a rank (Tucker-1): the first layer, 1x1 kernels, matrices.</summary>
    public bool KeepsInputs { get; }

    public string Method => !KeepsInputs ? "Tucker-2" : Taps > 1 ? "Tucker-1" : "SVD";

    public IReadOnlyList<KernelTensor> Kernels { get; }

    /// <summary>Of one group.</summary>
    public int Inputs => Kernels[0].Inputs;

    /// <summary>Of one group.</summary>
    public int Outputs => Kernels[0].Outputs;

    public int Taps => Kernels[0].Taps;

    public int Groups => Kernels.Count;

    /// <summary>Rows that the layer reads at batch 1: pixels of its input.</summary>
    public long InputPositions { get; }

    /// <summary>Rows that the layer writes at batch 1: pixels of its output.</summary>
    public long OutputPositions { get; }

    /// <summary>The mode-3 unfolding's, a group each.</summary>
    public IReadOnlyList<Spectrum> InputSpectra => _inputs ??= [.. Weighted().Select(k => Spectrum.Of(k.ByInput()))];

    /// <summary>The mode-4 unfolding's, a group each.</summary>
    public IReadOnlyList<Spectrum> OutputSpectra => _outputs ??= [.. Weighted().Select(k => Spectrum.Of(k.ByOutput()))];

    /// <summary>Weights of the layer as it is.</summary>
    public long Parameters => (long)Groups * Taps * Inputs * Outputs;

    public long Flops => 2 * Parameters * OutputPositions;

    /// <summary>Weights once decomposed.</summary>
    public long ParametersAt(RankPair ranks) => Groups * Stages(ranks, 1, 1);

    public long FlopsAt(RankPair ranks) => 2 * Groups * Stages(ranks, InputPositions, OutputPositions);

    /// <summary>
    /// A bound on the squared relative error of HOSVD at some ranks: what both unfoldings leave out, the mean over groups (De Lathauwer, De
    /// Moor, Vandewalle 2000a, property 10).
    /// </summary>
    public double ErrorBound(RankPair ranks) =>
        OutputSpectra.Average(s => s.Tail(ranks.Outputs)) + (ranks.Inputs is { } inputs ? InputSpectra.Average(s => s.Tail(inputs)) : 0);

    public TuckerDecomposition[] Decompose(RankPair ranks, int iterations)
    {
        ranks.Check(Inputs, Outputs, $"layer '{Name}'");
        if (ranks.Inputs is null != KeepsInputs)
            throw new TuckerException($"Layer '{Name}' takes {(KeepsInputs ? "a rank of its outputs only" : "two ranks")} ({Method}), " +
                $"got {ranks}.");
        var parts = Weighted().Select(k => TuckerDecomposition.Of(k, ranks, iterations));
        return [.. _weightings is null ? parts : parts.Select((part, g) => _weightings[g].Undo(Kernels[g], part))];
    }

    /// <summary>
    /// From here on, spectra and errors are of the layer's responses to such inputs, a group each.
    /// </summary>
    internal void Weigh(IReadOnlyList<InputStatistics> statistics) => _weightings = [.. statistics.Select(s => new InputWeighting(s))];

    internal void Write(Graph graph, IReadOnlyList<TuckerDecomposition> parts) => Form.Write(graph, Node, parts);

    internal ILayerForm Form { get; }

    /// <summary>At batch 1.</summary>
    internal long[] InputShape { get; }

    /// <summary>Equal for layers that take equal time.</summary>
    internal string TimingKey => $"{Node.OpType} [{string.Join(",", InputShape)}] {Outputs}x{Inputs}x{Taps} {KeepsInputs} " +
        string.Join(" ", Node.Attributes.Select(a => $"{a.Key}={(a.Value is long[] n ? string.Join(",", n) : a.Value)}"));

    private IEnumerable<KernelTensor> Weighted() =>
        _weightings is null ? Kernels : Kernels.Select((k, g) => _weightings[g].Apply(k));

    private long Stages(RankPair ranks, long before, long after)
    {
        long depth = ranks.Inputs ?? Inputs;
        var first = ranks.Inputs is { } rank ? (long)Inputs * rank * before : 0;
        return first + (((Taps * depth * ranks.Outputs) + ((long)ranks.Outputs * Outputs)) * after);
    }
}
