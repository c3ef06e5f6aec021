namespace ServingStack.Serving.Requests;

/// <summary>One input of a request: its extents, and bytes that the caller keeps alive and unchanged until the answer.</summary>
public readonly record struct RequestInput(long[] Shape, ReadOnlyMemory<byte> Bytes);
