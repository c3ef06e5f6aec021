using ServingStack.Graphs;

namespace ServingStack.Zoo.Networks;

/// <summary>What a layer of a network under construction gives: the value, and its channels.</summary>
internal readonly record struct Features(Value Value, int Channels);
