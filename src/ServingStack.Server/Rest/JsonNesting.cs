using ServingStack.Serving.Errors;

namespace ServingStack.Server.Rest;

/// <summary>Checks that <c>data</c> is flat, or nested exactly as the tensor's shape says.</summary>
internal ref struct JsonNesting(string tensor, ReadOnlySpan<long> shape)
{
    private readonly long[] _counts = new long[Math.Max(shape.Length, 1)];
    private readonly ReadOnlySpan<long> _shape = shape;
    private int _depth;
    private bool _nested;

    /// <summary>Whether an array is open.</summary>
    public readonly bool IsOpen => _depth > 0;

    public void Open()
    {
        if (_depth == _counts.Length)
            throw ServingException.Invalid($"Input '{tensor}': data is nested deeper than its shape of {_shape.Length} extents; "
                + "send it flat, or nested as the shape.");
        if (_depth > 0)
        {
            _counts[_depth - 1]++;
            _nested = true;
        }
        _counts[_depth++] = 0;
    }

    public void Close()
    {
        _depth--;
        if (_nested && _counts[_depth] != _shape[_depth])
            throw ServingException.Invalid(
                $"Input '{tensor}': an array at depth {_depth + 1} of data has {_counts[_depth]} entries, its shape "
                + $"[{string.Join(", ", _shape.ToArray())}] says {_shape[_depth]}.");
    }

    public readonly void Element()
    {
        if (_depth == 0 && _shape.Length > 0)
            throw ServingException.Invalid($"Input '{tensor}': data is no array; send the elements as one, flat or nested.");
        if (_nested && _depth != _counts.Length)
            throw ServingException.Invalid(
                $"Input '{tensor}': data mixes elements and arrays at depth {_depth}; send it flat, or nested as the shape.");
        if (_depth > 0) _counts[_depth - 1]++;
    }

    public readonly ServingException WrongCount(string got)
    {
        var expected = 1L;
        foreach (var extent in _shape) expected *= extent;
        return ServingException.Invalid(
            $"Input '{tensor}': data has {got} elements, its shape [{string.Join(", ", _shape.ToArray())}] takes {expected}.");
    }
}
