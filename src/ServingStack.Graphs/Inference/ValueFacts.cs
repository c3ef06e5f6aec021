namespace ServingStack.Graphs.Inference;

/// <summary>What is known of a value without running the graph.</summary>
/// <param name="ElementType">Undefined when unknown or no tensor.</param>
/// <param name="Shape">Null when not even the rank is known.</param>
/// <param name="Data">The whole tensor, where it follows from constants and known shapes.</param>
public sealed record ValueFacts(ElementType ElementType, Shape? Shape, Tensor? Data = null)
{
    public static ValueFacts Nothing { get; } = new(ElementType.Undefined, null);

    /// <summary>The elements of a short integer tensor, as far as they are known.</summary>
    internal SymbolicIntegers? Integers { get => field ?? SymbolicIntegers.Of(Data); init; }

    /// <summary>The elements of a tensor that is a list built by sequence operators is not tracked; their type is.</summary>
    internal OpaqueProto? ContainerType { get; init; }
}
