using ServingStack.Graphs;
using ServingStack.Kernels.Embedding;

namespace ServingStack.Engine.Lowering;

/// <summary>Rows of tables whose numbers are codes of 4 or 8 bits: embedding bags of one index each.</summary>
internal static class EmbeddingLookups
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new(Domains.Fused, "EmbeddingRows", Lower)];

    private sealed record Key(string Output);

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        var type = node.Attributes.Int("bits", 8) == 4 ? EmbeddingRowType.Int4 : EmbeddingRowType.Int8;
        var format = new EmbeddingRowFormat(checked((int)node.Attributes.Int("dimension", 0)), type);
        var indices = node.Inputs[1]!;
        var problem = new EmbeddingBagProblem(format, indices.KernelType!.Value) { NegativeFromEnd = true };
        var table = context.Weights.GetOrAdd(new Key(node.Y.Name), () => TableOf(node, format));
        var (rows, count) = (table.Rows, indices.ElementCount);
        var places = context.Read(indices, Layout.Plain);
        var y = context.Write(node.Y, Layout.Plain);
        var highest = context.InstructionSet;
        context.Emit(node, [places], [y],
            map => EmbeddingBag.Bind(problem, new(table.Address, rows, map[places], count, count, map[y]), highest),
            $"rows of {format.RowBytes} bytes");
        return null;
    }

    private static EmbeddingTable TableOf(PlanNode node, EmbeddingRowFormat format)
    {
        var codes = node.X.Constant!;
        var scales = node.Inputs[2]!.Constant!.As<Half>();
        var biases = node.Inputs[3]!.Constant!.As<Half>();
        var table = new EmbeddingTable(format, codes.Dimensions[0]);
        var (row, stored) = (new byte[format.Dimension], (int)codes.Dimensions[1]);
        for (var r = 0; r < table.Rows; r++)
        {
            var bytes = codes.Bytes.Span.Slice(r * stored, stored);
            for (var i = 0; i < row.Length; i++)
                row[i] = format.Type == EmbeddingRowType.Int8 ? bytes[i] : (byte)(i < stored ? bytes[i] & 15 : bytes[i - stored] >> 4);
            table.SetCodes(r, row, (float)scales[r], (float)biases[r]);
        }
        return table;
    }
}
