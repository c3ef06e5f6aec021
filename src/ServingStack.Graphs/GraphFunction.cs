namespace ServingStack.Graphs;

/// <summary>A model-local function: an operator whose meaning is given by a body of other operators.</summary>
public sealed record GraphFunction(string Domain, string Name, Graph Body)
{
    /// <summary>Names of the attributes that a call passes on into the body.</summary>
    public IReadOnlyList<string> Attributes { get; init; } = [];

    /// <summary>Attributes that a call may leave out, with their values.</summary>
    public AttributeMap DefaultAttributes { get; init; } = new();

    /// <summary>Tells apart functions of one name; empty almost always.</summary>
    public string Overload { get; init; } = "";
}
