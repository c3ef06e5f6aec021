using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Embedding;

/// <summary>An embedding bag in managed code, for any processor: 16 numbers of a bag at a time.</summary>
internal sealed unsafe class ManagedEmbeddingBag<TReader>(string row, EmbeddingBagProblem problem, EmbeddingBagOperands operands)
    : EmbeddingBagKernel(row, problem, operands)
    where TReader : struct, IEmbeddingRowReader
{
    private const int Width = 16;

    private protected override void Run(long start, long end, long first, long last)
    {
        var dimension = Problem.Rows.Dimension;
        for (var bag = start; bag < end; bag++)
        {
            var count = Count(bag);
            var target = (float*)Operands.Output + (bag * dimension);
            for (var vector = 0; vector * Width < dimension; vector++)
            {
                var lanes = Math.Min(Width, dimension - (vector * Width));
                var sum = Sum(first, count, vector, lanes);
                if (Problem.Mean) sum /= Vector512.Create((float)Math.Max(1, count));
                Lanes.Store(sum, target + (vector * Width), lanes);
            }
            first += count;
        }
    }

    private Vector512<float> Sum(long first, long count, int vector, int lanes)
    {
        var sum = Vector512<float>.Zero;
        for (var position = first; position < first + count; position++)
        {
            var row = Row(position);
            var weight = Problem.Weighted ? ((float*)Operands.Weights)[position] : 1;
            var (scale, bias) = Scale(row + Problem.Rows.CodeBytes);
            sum += Vector512.FusedMultiplyAdd(
                TReader.Read(row, Problem.Rows, vector, lanes), Vector512.Create(scale * weight), Vector512.Create(bias * weight));
        }
        return sum;
    }

    private byte* Row(long position)
    {
        var index = IndexCheck.Number(Problem.IndexType, Operands.Indices, position);
        return (byte*)Operands.Table + ((index < 0 ? index + Operands.Rows : index) * Problem.Rows.Stride);
    }

    private (float Scale, float Bias) Scale(byte* at)
    {
        if (!Problem.Rows.HasScale) return (1, 0);
        return Problem.Rows.ScaleType == DataType.Float32
            ? (((float*)at)[0], ((float*)at)[1])
            : ((float)((Half*)at)[0], (float)((Half*)at)[1]);
    }
}
