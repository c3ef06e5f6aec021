using ServingStack.Compression.Quantization;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.ValueAware;

namespace ServingStack.Compression.Embeddings;

/// <summary>
/// Stores embedding tables in 4 or 8 bits with a scale and a bias for each row (fine-grain quantization, Park et al. 2018, section 3.2.2).
/// The lookups become calls of <see cref="EmbeddingFunctions"/>, in standard operators.
/// </summary>
public static class EmbeddingQuantizer
{
    /// <summary>Smaller tables are not worth it.</summary>
    private const int FewestRows = 16;

    private const float LargestHalf = 65504;

    /// <summary>Quantizes the tables of a copy.</summary>
    /// <exception cref="QuantizationException">Bits other than 4 or 8.</exception>
    /// <exception cref="NotSupportedException">A model without tables, or one with a number that does not fit.</exception>
    public static EmbeddingResult Quantize(Graph model, int bits)
    {
        if (bits is not (4 or 8)) throw new QuantizationException($"Embedding tables of {bits} bits; 4 or 8 are expected.");
        var graph = OnnxReader.Load(OnnxWriter.ToBytes(model), model.Name);
        ShapeInference.Run(graph);
        var lookups = graph.Nodes.Where(n => IsLookup(n, bits)).ToArray();
        if (lookups.Length == 0)
            throw new NotSupportedException($"Model '{model.Name}' has no Gather of rows of a constant table of floats, of {FewestRows} rows " +
                "or more, to quantize.");
        var (before, after) = (0L, 0L);
        var tables = new Dictionary<Value, Value[]>();
        foreach (var lookup in lookups)
        {
            var table = lookup.Inputs[0]!;
            if (!tables.TryGetValue(table, out var parts))
            {
                parts = tables[table] = Parts(graph, table, bits);
                before += table.Constant!.Bytes.Length;
                after += parts.Sum(p => (long)p.Constant!.Bytes.Length);
            }
            var call = new Node(EmbeddingFunctions.AddTo(graph, bits), [parts[0], lookup.Inputs[1], parts[1], parts[2]], [lookup.Outputs[0]],
                lookup.Name, Domains.Own);
            graph.InsertBefore(lookup, call);
            graph.Remove(lookup);
        }
        ShapeInference.Run(graph);
        graph.Metadata["embeddings"] = $"{bits} bits a number, scale and bias of each row in 16 bits, ranges by greedy search";
        return new(graph, tables.Count, before, after);
    }

    private static bool IsLookup(Node node, int bits) =>
        node is { OpType: "Gather", Domain: "" } && node.Inputs[0]!.Constant is { ElementType: ElementType.Float32, Rank: 2 } table
        && table.Dimensions[0] >= FewestRows && node.Attributes.Int("axis", 0) == 0 && node.Inputs[1] is { IsConstant: false }
        && (bits == 8 || table.Dimensions[1] % 2 == 0);

    private static Value[] Parts(Graph graph, Value table, int bits)
    {
        var (rows, dimension) = ((int)table.Constant!.Dimensions[0], (int)table.Constant.Dimensions[1]);
        var (values, most) = (table.Constant.As<float>().ToArray(), (1 << bits) - 1);
        var stored = dimension * bits / 8;
        var (codes, scales, biases) = (new byte[rows * stored], new Half[rows], new Half[rows]);
        for (var r = 0; r < rows; r++)
        {
            var row = values.AsSpan(r * dimension, dimension);
            Check(table, row);
            (scales[r], biases[r]) = RowRange.Of(row, most).Stored(most);
            for (var i = 0; i < dimension; i++)
            {
                var code = RowRange.CodeOf(row[i], scales[r], biases[r], most);
                codes[(r * stored) + (i % stored)] |= (byte)(i < stored ? code : code << 4);
            }
        }
        return
        [
            graph.AddConstant(Tensor.From<byte>(codes, rows, stored), $"{table.Name}.codes"),
            graph.AddConstant(Tensor.From<Half>(scales, rows, 1), $"{table.Name}.scales"),
            graph.AddConstant(Tensor.From<Half>(biases, rows, 1), $"{table.Name}.biases"),
        ];
    }

    private static void Check(Value table, ReadOnlySpan<float> row)
    {
        foreach (var value in row)
            if (!(Math.Abs(value) <= LargestHalf))
                throw new NotSupportedException($"Table '{table.Name}' holds {value}; numbers up to {LargestHalf} can be quantized. Train the " +
                    "model again, or leave its tables in floats.");
    }
}

/// <summary>A model with quantized tables, how many, and their bytes before and after.</summary>
public sealed record EmbeddingResult(Graph Graph, int Tables, long BytesBefore, long BytesAfter);
