using MathNet.Numerics.LinearAlgebra;
using ServingStack.Compression.Evaluation;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Compression.Tucker.Calibration;

/// <summary>
/// What layers see on real rows: for each, the second moments of its input channels, <c>E[x xᵀ]</c>, a matrix for each group. They say which
/// directions of its inputs matter, which the weights alone do not.
/// </summary>
internal static class InputMoments
{
    private const int Batch = 50;

    // More positions of an image hold nothing new: neighbours are alike.
    private const int PositionsPerRow = 256;

    /// <summary>Layers wider than this are decomposed by their weights alone: their moments would take longer than their decomposition.</summary>
    private const int Widest = 1024;

    public static IReadOnlyDictionary<TuckerLayer, Matrix<double>[]> Collect(
        Graph graph, IReadOnlyList<TuckerLayer> layers, ILabelledRows rows, int count)
    {
        var watched = layers.Where(l => l.Inputs <= Widest).ToArray();
        var sums = watched.ToDictionary(l => l, l =>
            Enumerable.Range(0, l.Groups).Select(_ => Matrix<double>.Build.Dense(l.Inputs, l.Inputs)).ToArray());
        using var model = CompiledModel.Compile(Watching(graph, watched), new EngineOptions());
        using var session = model.CreateSession();
        for (var first = 0; first < Math.Min(count, rows.Count); first += Batch)
        {
            var inputs = rows.Inputs(first, Math.Min(Batch, Math.Min(count, rows.Count) - first));
            var seen = model.Inputs.Select(i => i.Name).Zip(inputs)
                .Concat(model.Outputs.Select(o => o.Name).Zip(session.Run(inputs))).ToDictionary(p => p.First, p => p.Second);
            foreach (var layer in watched) Add(sums[layer], layer, seen[layer.Node.Inputs[0]!.Name]);
        }
        return sums;
    }

    private static void Add(Matrix<double>[] sums, TuckerLayer layer, Tensor x)
    {
        var isMatrix = layer.Node.OpType != "Conv";
        var channels = layer.Inputs * layer.Groups;
        var plane = isMatrix ? 1 : (int)(x.ElementCount / (x.Dimensions[0] * channels));
        var batch = (int)(x.ElementCount / ((long)plane * channels));
        var step = Math.Max(1, plane / PositionsPerRow);
        var values = x.As<float>();
        for (var group = 0; group < layer.Groups; group++)
        {
            var columns = Matrix<double>.Build.Dense(layer.Inputs, batch * ((plane + step - 1) / step));
            for (int n = 0, column = 0; n < batch; n++)
                for (var p = 0; p < plane; p += step, column++)
                    for (var s = 0; s < layer.Inputs; s++)
                        columns[s, column] = values[(((n * channels) + (group * layer.Inputs) + s) * plane) + p];
            sums[group] += columns.TransposeAndMultiply(columns);
        }
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
