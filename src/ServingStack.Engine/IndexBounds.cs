using System.Runtime.InteropServices;
using ServingStack.Graphs;

namespace ServingStack.Engine;

/// <summary>
/// What the integers of one input may be, because they look up rows of tables: a range for each position of a row (one batch entry), or
/// nothing where a position looks up nothing.
/// </summary>
internal sealed class IndexBounds(TensorSpec input, (long Least, long Most)?[] ranges)
{
    /// <summary>Throws <see cref="InputException"/> at the first number outside its range. Allocates only then.</summary>
    public void Check(ReadOnlySpan<byte> values)
    {
        if (input.ElementType == ElementType.Int64)
        {
            var numbers = MemoryMarshal.Cast<byte, long>(values);
            for (var i = 0; i < numbers.Length; i++) Check(numbers[i], i);
        }
        else
        {
            var numbers = MemoryMarshal.Cast<byte, int>(values);
            for (var i = 0; i < numbers.Length; i++) Check(numbers[i], i);
        }
    }

    private void Check(long value, int index)
    {
        if (ranges[index % ranges.Length] is not var (least, most) || (value >= least && value <= most)) return;
        throw new InputException($"Input '{input.Name}' holds {value} at element {index}, where an index from {least} to {most} is expected.");
    }
}
