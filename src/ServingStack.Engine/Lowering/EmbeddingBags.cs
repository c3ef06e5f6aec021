using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Embedding;

namespace ServingStack.Engine.Lowering;

/// <summary>Bags of a fixed number of rows of a table, which lies in huge pages, in half precision where that holds its floats exactly.</summary>
internal static class EmbeddingBags
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new(Domains.Fused, "EmbeddingBag", Lower)];

    private sealed record Key(Tensor Table, Tensor? Scale, Tensor? ZeroPoint);

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        var key = new Key(node.X.Constant!, node.Input(2)?.Constant, node.Input(3)?.Constant);
        var table = context.Weights.GetOrAdd(key, () => TableOf(key));
        var places = node.Inputs[1]!;
        var pooling = node.Attributes.String("pooling", "none");
        var problem = new EmbeddingBagProblem(table.Format, places.KernelType!.Value) { Mean = pooling == "mean", NegativeFromEnd = true };
        var bags = node.Y.ElementCount / table.Format.Dimension;
        var indices = context.Read(places, Layout.Plain);
        var y = context.Write(node.Y, Layout.Plain);
        context.Emit(
            node, [indices], [y],
            map => EmbeddingBag.Bind(
                problem, new EmbeddingBagOperands(table.Address, table.Rows, map[indices], places.ElementCount, bags, map[y]),
                context.InstructionSet),
            $"{pooling} of {places.ElementCount / Math.Max(1, bags)} rows of {table.Format.Type}, {table.Format.Stride} bytes each");
        return null;
    }

    private static EmbeddingTable TableOf(Key key)
    {
        var (rows, width) = (key.Table.Dimensions[0], checked((int)key.Table.Dimensions[1]));
        if (key.Scale is not null) return Quantized(key, rows, width);
        var numbers = key.Table.As<float>();
        var type = HalfStorage.HoldsExactly(numbers) ? EmbeddingRowType.Float16 : EmbeddingRowType.Float32;
        var table = new EmbeddingTable(new(width, type), rows);
        for (var row = 0; row < rows; row++) table.SetRow(row, numbers.Slice(row * width, width));
        return table;
    }

    /// <summary>A code less its zero point, times the scale: scale * code - scale * zero. Signed codes are moved up by 128.</summary>
    private static EmbeddingTable Quantized(Key key, long rows, int width)
    {
        var table = new EmbeddingTable(new(width, EmbeddingRowType.Int8) { ScaleType = DataType.Float32 }, rows);
        var scales = key.Scale!.As<float>();
        var zeros = key.ZeroPoint?.ToInt64s() ?? [0];
        var shift = key.Table.ElementType == ElementType.Int8 ? 128 : 0;
        var codes = new byte[width];
        for (var row = 0; row < rows; row++)
        {
            var stored = key.Table.Bytes.Span.Slice(row * width, width);
            for (var i = 0; i < width; i++) codes[i] = (byte)(stored[i] + shift);
            var (scale, zero) = (scales[scales.Length == 1 ? 0 : row], zeros[zeros.Length == 1 ? 0 : row]);
            table.SetCodes(row, codes, scale, -scale * (zero + shift));
        }
        return table;
    }
}
