using System.Runtime.InteropServices;

namespace ServingStack.Graphs.Inference;

/// <summary>An integer tensor of rank 0 or 1 whose elements are known in part: what a symbolic shape becomes as data.</summary>
internal sealed record SymbolicIntegers(bool IsScalar, SymbolicInteger[] Items)
{
    /// <summary>Shape computations are short; longer integer tensors are data.</summary>
    public const int MaxLength = 256;

    public bool IsKnown => Array.TrueForAll(Items, i => i.Number is not null);

    public static SymbolicIntegers Vector(IEnumerable<SymbolicInteger> items) => new(false, [.. items]);

    public static SymbolicIntegers Scalar(SymbolicInteger item) => new(true, [item]);

    /// <summary>The elements of a constant, or null when it is no short list of integers.</summary>
    public static SymbolicIntegers? Of(Tensor? tensor) =>
        tensor is { Rank: <= 1, ElementCount: <= MaxLength, ElementType: ElementType.Int64 or ElementType.Int32 or ElementType.Bool }
            ? new(tensor.Rank == 0, Array.ConvertAll(tensor.ToInt64s(), n => (SymbolicInteger)n))
            : null;

    /// <summary>The tensor, when every element is known and the type can hold them; otherwise null.</summary>
    public Tensor? ToTensor(ElementType type)
    {
        if (!IsKnown) return null;
        var numbers = Array.ConvertAll(Items, i => i.Number!.Value);
        long[] dimensions = IsScalar ? [] : [numbers.Length];
        return type switch
        {
            ElementType.Int64 => Tensor.From<long>(numbers, dimensions),
            ElementType.Int32 => Tensor.From<int>(Array.ConvertAll(numbers, n => unchecked((int)n)), dimensions),
            ElementType.Bool => new Tensor(type, dimensions, MemoryMarshal.AsBytes<bool>(Array.ConvertAll(numbers, n => n != 0)).ToArray()),
            _ => null,
        };
    }
}
