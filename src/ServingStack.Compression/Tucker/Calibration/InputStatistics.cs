using MathNet.Numerics.LinearAlgebra;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Compression.Tucker.Calibration;

/// <summary>
/// What a group of a layer's input channels looks like on real rows: how it varies, <c>E[x xᵀ] - m mᵀ</c>, and its mean m. Variation
/// says which directions of its inputs matter, which the weights alone do not; what is lost of the mean goes into a bias.
/// </summary>
internal sealed record InputStatistics(Matrix<double> Covariance, Vector<double> Mean)
{
    private const int Batch = 50;

    // More positions of an image hold nothing new: neighbours are alike.
    private const int PositionsPerRow = 256;

    /// <summary>Layers wider than this are decomposed by their weights alone: collecting would take longer than decomposing.</summary>
    private const int Widest = 1024;

    private sealed record Sums(Matrix<double> Products, Vector<double> Values)
    {
        public int Count { get; set; }

        public InputStatistics Finish() =>
            new((Products / Count) - (Values / Count).OuterProduct(Values / Count), Values / Count);
    }

    /// <summary>For each layer that is not too wide, a group's each.</summary>
    public static IReadOnlyDictionary<TuckerLayer, InputStatistics[]> Collect(
        Graph graph, IReadOnlyList<TuckerLayer> layers, ILabelledRows rows, int count)
    {
        var sums = layers.Where(l => l.Inputs <= Widest).ToDictionary(l => l, l => Enumerable.Range(0, l.Groups)
            .Select(_ => new Sums(Matrix<double>.Build.Dense(l.Inputs, l.Inputs), Vector<double>.Build.Dense(l.Inputs))).ToArray());
        using var model = CompiledModel.Compile(Watching(graph, sums.Keys), new EngineOptions());
        using var session = model.CreateSession();
        for (var first = 0; first < Math.Min(count, rows.Count); first += Batch)
        {
            var inputs = rows.Inputs(first, Math.Min(Batch, Math.Min(count, rows.Count) - first));
            var seen = model.Inputs.Select(i => i.Name).Zip(inputs)
                .Concat(model.Outputs.Select(o => o.Name).Zip(session.Run(inputs))).ToDictionary(p => p.First, p => p.Second);
            foreach (var (layer, groups) in sums)
                for (var g = 0; g < groups.Length; g++) Add(groups[g], layer, g, seen[layer.Node.Inputs[0]!.Name]);
        }
        return sums.ToDictionary(s => s.Key, s => Array.ConvertAll(s.Value, group => group.Finish()));
    }

    private static void Add(Sums sums, TuckerLayer layer, int group, Tensor x)
    {
        var columns = Columns(layer, group, x);
        columns.TransposeAndMultiply(columns).Add(sums.Products, sums.Products);
        columns.RowSums().Add(sums.Values, sums.Values);
        sums.Count += columns.ColumnCount;
    }

    /// <summary>A column of channels for each position that is looked at.</summary>
    private static Matrix<double> Columns(TuckerLayer layer, int group, Tensor x)
    {
        var channels = layer.Inputs * layer.Groups;
        var plane = layer.Node.OpType != "Conv" ? 1 : (int)(x.ElementCount / (x.Dimensions[0] * channels));
        var batch = (int)(x.ElementCount / ((long)plane * channels));
        var step = Math.Max(1, plane / PositionsPerRow);
        var values = x.As<float>();
        var columns = Matrix<double>.Build.Dense(layer.Inputs, batch * ((plane + step - 1) / step));
        for (int n = 0, column = 0; n < batch; n++)
            for (var p = 0; p < plane; p += step, column++)
                for (var s = 0; s < layer.Inputs; s++)
                    columns[s, column] = values[(((n * channels) + (group * layer.Inputs) + s) * plane) + p];
        return columns;
    }

    /// <summary>A copy that also gives what the layers read.</summary>
    private static Graph Watching(Graph graph, IEnumerable<TuckerLayer> layers)
    {
        var copy = OnnxReader.Load(OnnxWriter.ToBytes(graph), graph.Name);
        ShapeInference.Run(copy);
        var names = layers.Select(l => l.Node.Inputs[0]!.Name).ToHashSet();
        var known = copy.Outputs.Select(o => o.Name).ToHashSet();
        copy.Outputs.AddRange(copy.Nodes.SelectMany(n => n.Outputs).Where(v => names.Contains(v.Name) && !known.Contains(v.Name)));
        return copy;
    }
}
