using System.Numerics;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;

namespace ServingStack.Compression.Quantization;

/// <summary>
/// The second moments <c>E[x xᵀ]</c> of the numbers that one output of a layer is made of: the patch under a convolution's window, the row
/// before a matrix; one depth x depth matrix for each group.
/// </summary>
internal sealed class PatchMoments
{
    /// <summary>Layers that are deeper have no moments: those would take longer than the quantization.</summary>
    private const int Deepest = 2304;

    private const int Batch = 25;
    private const int PatchesPerImage = 16;

    private readonly float[][] _groups;

    private PatchMoments(int groups, int depth)
    {
        _groups = new float[groups][];
        for (var g = 0; g < groups; g++) _groups[g] = new float[depth * depth];
        Depth = depth;
    }

    public int Depth { get; }

    /// <summary>Those of the group that an output channel belongs to, row-major.</summary>
    public float[] Of(int channel, int channels) => _groups[channel / (channels / _groups.Length)];

    /// <summary>Runs the float graph on rows and collects for each layer, by the name of its output, what it reads.</summary>
    public static IReadOnlyDictionary<string, PatchMoments> Collect(Graph graph, IReadOnlyList<Node> layers, ILabelledRows rows, int rowCount)
    {
        var watched = layers.Where(l => DepthOf(l) <= Deepest).ToArray();
        var moments = watched.ToDictionary(l => l.Outputs[0].Name, l => new PatchMoments((int)l.Attributes.Int("group", 1), DepthOf(l)));
        if (watched.Length == 0) return moments;
        var names = watched.Select(l => l.Inputs[0]!.Name).ToHashSet();
        using var model = CompiledModel.Compile(Calibrator.WithOutputs(graph, names),
            new EngineOptions { ForceOnnxRuntime = true, Threads = 0 });
        using var session = model.CreateSession();
        for (var first = 0; first < Math.Min(rowCount, rows.Count); first += Batch)
        {
            var inputs = rows.Inputs(first, Math.Min(Batch, Math.Min(rowCount, rows.Count) - first));
            var seen = model.Inputs.Select(i => i.Name).Zip(inputs).Concat(model.Outputs.Select(o => o.Name).Zip(session.Run(inputs)))
                .ToDictionary(p => p.First, p => p.Second);
            foreach (var layer in watched) moments[layer.Outputs[0].Name].Add(layer, seen[layer.Inputs[0]!.Name], new Random(first));
        }
        return moments;
    }

    private static int DepthOf(Node layer) =>
        new WeightMatrix(layer.Inputs[1]!.Constant!, QuantizableOperators.ChannelAxis(layer)!.Value).Depth;

    private void Add(Node layer, Tensor x, Random random)
    {
        var values = x.As<float>();
        if (layer.OpType == "Conv")
        {
            AddPatches(layer, x, random);
            return;
        }
        for (var row = 0; row < values.Length / Depth; row++) Add(_groups[0], values.Slice(row * Depth, Depth));
    }

    private void AddPatches(Node layer, Tensor x, Random random)
    {
        var window = new PatchWindow(layer, x);
        var patch = new float[Depth];
        for (var image = 0; image < x.Dimensions[0]; image++)
            for (var p = 0; p < PatchesPerImage; p++)
            {
                var place = random.Next(window.Places);
                for (var g = 0; g < _groups.Length; g++)
                {
                    window.Read(x.As<float>(), image, place, g, patch);
                    Add(_groups[g], patch);
                }
            }
    }

    private static void Add(float[] sums, ReadOnlySpan<float> x)
    {
        var width = Vector<float>.Count;
        for (var i = 0; i < x.Length; i++)
        {
            if (x[i] == 0) continue;
            var row = sums.AsSpan(i * x.Length, x.Length);
            var k = 0;
            for (; k <= x.Length - width; k += width) (new Vector<float>(row[k..]) + (new Vector<float>(x[k..]) * x[i])).CopyTo(row[k..]);
            for (; k < x.Length; k++) row[k] += x[k] * x[i];
        }
    }
}
