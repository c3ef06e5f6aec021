namespace ServingStack.Kernels.Layout;

/// <summary>Walks the rows of an <see cref="IterationSpace"/> in order; knows every operand's element offset of the current row.</summary>
internal unsafe struct Cursor
{
    private fixed long _index[IterationSpace.MaxRank];
    private fixed long _offset[IterationSpace.MaxOperands];

    /// <summary>Starts at row <paramref name="row"/>.</summary>
    public Cursor(IterationSpace space, long row)
    {
        // The compiler takes fixed buffers for assigned and does not clear them.
        this = default;
        for (var axis = space.Sizes.Length - 2; axis >= 0; axis--)
        {
            var index = row % space.Sizes[axis];
            row /= space.Sizes[axis];
            _index[axis] = index;
            for (var o = 0; o < space.Operands; o++) _offset[o] += index * space.Strides(o)[axis];
        }
    }

    public readonly long Offset(int operand) => _offset[operand];

    public void Next(IterationSpace space)
    {
        for (var axis = space.Sizes.Length - 2; axis >= 0; axis--)
        {
            var wraps = ++_index[axis] == space.Sizes[axis];
            var steps = wraps ? 1 - space.Sizes[axis] : 1;
            if (wraps) _index[axis] = 0;
            for (var o = 0; o < space.Operands; o++) _offset[o] += steps * space.Strides(o)[axis];
            if (!wraps) return;
        }
    }
}
