using ServingStack.Serving.Requests;

namespace ServingStack.Server.Rest;

/// <summary>An output that the client wants, by its place in the model's signature.</summary>
/// <param name="Binary">Whether it goes behind the JSON as raw bytes.</param>
/// <param name="Classes">How many of the largest classes go back in place of the numbers; 0 for the numbers.</param>
internal readonly record struct WantedOutput(int Index, bool Binary, int Classes = 0);

/// <summary>
/// A REST request that was read: the request to run, which outputs go back and how, and the memory that the inputs were read into.
/// </summary>
internal sealed class RestInference(ModelSignature signature) : IDisposable
{
    private readonly List<PooledBuffer> _buffers = [];

    public InferenceRequest Request { get; } = new(signature);

    /// <summary>In the order in which they were asked for.</summary>
    public List<WantedOutput> Outputs { get; } = [];

    /// <summary>Memory for an input's elements, kept until the request is disposed.</summary>
    public Memory<byte> Rent(int length)
    {
        var buffer = new PooledBuffer(Math.Max(length, 1));
        _buffers.Add(buffer);
        var memory = buffer.GetMemory(length)[..length];
        buffer.Advance(length);
        return memory;
    }

    public void Dispose()
    {
        Request.Dispose();
        foreach (var buffer in _buffers) buffer.Dispose();
    }
}
