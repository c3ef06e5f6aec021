using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Embedding;

/// <summary>
/// A bound embedding bag. Each part first looks through its indices, and through all lengths or offsets; one that is out of range leaves
/// zeros in the part's output, and none of its rows is read. <see cref="TakeRefusal"/> says which it was.
/// </summary>
public abstract class EmbeddingBagKernel(string row, EmbeddingBagProblem problem, EmbeddingBagOperands operands) : GatherKernel
{
    private readonly long _indicesPerBag = operands.IndexCount / Math.Max(1, operands.Bags);
    private (string What, long Position, long Value, long Least, long Most) _fault;

    public override string KernelName { get; } = row;

    public override int MaxParts { get; } =
        PartRange.MaxParts(operands.Bags, (operands.IndexCount * problem.Rows.RowBytes) + (operands.Bags * problem.Rows.Dimension * 4));

    protected EmbeddingBagProblem Problem => problem;

    protected EmbeddingBagOperands Operands => operands;

    public sealed override void Run(int part, int parts)
    {
        var range = PartRange.Of(operands.Bags, part, parts);
        if (range.Start >= range.End) return;
        var (first, end) = IndexRange(range);
        if (first < 0 || !InRange(first, end)) Clear(range.Start, range.End);
        else Run(range.Start, range.End, first, end);
    }

    /// <summary><see cref="GatherKernel.TakeFault"/>, and what it was; null where nothing was refused.</summary>
    public EmbeddingFault? TakeRefusal() =>
        TakeFault() ? new EmbeddingFault(_fault.What, _fault.Position, _fault.Value, _fault.Least, _fault.Most) : null;

    /// <summary>Computes bags start .. end - 1, which have the indices first .. last - 1, all in range.</summary>
    private protected abstract void Run(long start, long end, long first, long last);

    /// <summary>How many indices a bag has.</summary>
    private protected long Count(long bag) => problem.Bounds switch
    {
        BagBounds.Lengths => Bound(bag),
        BagBounds.Offsets => Bound(bag + 1) - Bound(bag),
        _ => _indicesPerBag,
    };

    /// <summary>The indices of these bags; (-1, -1), and a fault, where lengths or offsets are not what they must be.</summary>
    private (long First, long End) IndexRange(PartRange bags) => problem.Bounds switch
    {
        BagBounds.Lengths => SumLengths(bags),
        BagBounds.Offsets => CheckOffsets(bags),
        _ => (bags.Start * _indicesPerBag, bags.End * _indicesPerBag),
    };

    private (long First, long End) SumLengths(PartRange bags)
    {
        long sum = 0, first = 0, end = 0;
        for (long bag = 0; bag < operands.Bags; bag++)
        {
            if (bag == bags.Start) first = sum;
            var length = Bound(bag);
            var most = operands.IndexCount - sum;
            // The last length takes what is left, so that no index belongs to nobody.
            if (length < 0 || length > most || (bag == operands.Bags - 1 && length < most))
                return Refuse("length", bag, length, bag == operands.Bags - 1 ? most : 0, most);
            sum += length;
            if (bag == bags.End - 1) end = sum;
        }

        return (first, end);
    }

    private (long First, long End) CheckOffsets(PartRange bags)
    {
        long before = 0;
        for (long bag = 0; bag <= operands.Bags; bag++)
        {
            var offset = Bound(bag);
            var (least, most) = (bag == operands.Bags ? operands.IndexCount : before, bag == 0 ? 0 : operands.IndexCount);
            if (offset < least || offset > most) return Refuse("offset", bag, offset, least, most);
            before = offset;
        }

        return (Bound(bags.Start), Bound(bags.End));
    }

    private bool InRange(long first, long end)
    {
        var least = problem.NegativeFromEnd ? -operands.Rows : 0;
        var from = operands.Indices + (nint)(first * problem.IndexType.Size());
        var found = IndexCheck.FirstOutside(problem.IndexType, from, end - first, least, operands.Rows - least);
        if (found < 0) return true;
        Refuse("index", first + found, IndexCheck.Number(problem.IndexType, from, found), least, operands.Rows - 1);
        return false;
    }

    private long Bound(long position) => IndexCheck.Number(problem.IndexType, operands.Bounds, position);

    private (long First, long End) Refuse(string what, long position, long value, long least, long most)
    {
        if (ReportFault()) _fault = (what, position, value, least, most);
        return (-1, -1);
    }

    private unsafe void Clear(long start, long end)
    {
        var width = problem.Rows.Dimension;
        for (var bag = start; bag < end; bag++) new Span<float>((float*)operands.Output + (bag * width), width).Clear();
    }
}
