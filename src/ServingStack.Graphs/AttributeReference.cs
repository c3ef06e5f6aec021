namespace ServingStack.Graphs;

/// <summary>In the body of a function: an attribute whose value is the calling node's attribute <paramref name="Name"/>.</summary>
/// <param name="Name">The attribute of the calling node.</param>
/// <param name="Type">The kind of attribute, as ONNX's <c>AttributeProto.AttributeType</c> numbers it.</param>
public sealed record AttributeReference(string Name, int Type);
