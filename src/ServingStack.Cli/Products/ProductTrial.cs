using ServingStack.Kernels;
using ServingStack.Kernels.Machine;

namespace ServingStack.Cli.Products;

/// <summary>One row of the kernel table and one product: why the row is not taken, or how to run it.</summary>
/// <param name="Refusal">Null for the row that is chosen.</param>
/// <param name="CanRun">Whether the row could compute the product here, although a better one comes first.</param>
/// <param name="Bind">Packs random weights and binds the row to memory that the trial owns; for rows that can run.</param>
internal sealed record ProductTrial(string Row, string? Refusal, bool CanRun, Func<TrialMemory, BoundKernel> Bind);

/// <summary>What a trial packs and allocates, given back together. Numbers are random with a fixed seed.</summary>
internal sealed class TrialMemory : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly Random _random = new(13);

    public T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public nint Empty(long bytes) => Own(new NativeBuffer(bytes)).Address;

    public nint RandomBytes(long count)
    {
        var buffer = Own(new NativeBuffer(count));
        _random.NextBytes(buffer.Bytes);
        return buffer.Address;
    }

    public nint RandomFloats(long count)
    {
        var buffer = Own(new NativeBuffer(count * sizeof(float)));
        foreach (ref var value in buffer.Span<float>()) value = (_random.NextSingle() * 2) - 1;
        return buffer.Address;
    }

    public void Dispose()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }
}
