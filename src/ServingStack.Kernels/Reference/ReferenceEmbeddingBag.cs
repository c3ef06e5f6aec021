using ServingStack.Kernels.Embedding;

namespace ServingStack.Kernels.Reference;

/// <summary>An embedding bag one number at a time, in double precision.</summary>
internal sealed unsafe class ReferenceEmbeddingBag(string row, EmbeddingBagProblem problem, EmbeddingBagOperands operands)
    : EmbeddingBagKernel(row, problem, operands)
{
    private protected override void Run(long start, long end, long first, long last)
    {
        for (var bag = start; bag < end; bag++)
        {
            var count = Count(bag);
            for (var i = 0; i < Problem.Rows.Dimension; i++)
            {
                double sum = 0;
                for (var position = first; position < first + count; position++) sum += Weight(position) * Number(Row(position), i);
                if (Problem.Mean && count > 0) sum /= count;
                ((float*)Operands.Output)[(bag * Problem.Rows.Dimension) + i] = (float)sum;
            }
            first += count;
        }
    }

    private double Weight(long position) => Problem.Weighted ? ((float*)Operands.Weights)[position] : 1;

    private byte* Row(long position)
    {
        var index = IndexCheck.Number(Problem.IndexType, Operands.Indices, position);
        return (byte*)Operands.Table + ((index < 0 ? index + Operands.Rows : index) * Problem.Rows.Stride);
    }

    private double Number(byte* row, int element) => Problem.Rows.Type switch
    {
        EmbeddingRowType.Float32 => ((float*)row)[element],
        EmbeddingRowType.Float16 => (double)((Half*)row)[element],
        EmbeddingRowType.Int8 => (row[element] * Scale(row, 0)) + Scale(row, 1),
        _ => (Nibble(row, element) * Scale(row, 0)) + Scale(row, 1),
    };

    private int Nibble(byte* row, int element)
    {
        var (at, shift) = NibbleOrder.Place(element, Problem.Rows.Dimension);
        return (row[at] >> shift) & 15;
    }

    private double Scale(byte* row, int which)
    {
        var at = row + Problem.Rows.CodeBytes;
        return Problem.Rows.ScaleType == DataType.Float32 ? ((float*)at)[which] : (double)((Half*)at)[which];
    }
}
