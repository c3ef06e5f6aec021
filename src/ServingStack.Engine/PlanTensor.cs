using ServingStack.Graphs;

namespace ServingStack.Engine;

/// <summary>An input or output of a plan: what it is, and where its bytes are now.</summary>
internal abstract class PlanTensor(string name, ElementType elementType)
{
    public string Name { get; } = name;

    public ElementType ElementType { get; } = elementType;

    public abstract long[] Shape { get; }

    public abstract Span<byte> Bytes { get; }
}
