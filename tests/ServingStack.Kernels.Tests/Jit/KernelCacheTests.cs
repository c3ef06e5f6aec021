using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Tests.Jit;

public class KernelCacheTests
{
    private sealed record Key(int Number);

    private readonly KernelCache _cache = new(new CodeListing(folder: null, perfMap: null));

    [EmittingFact]
    public void Kernel_OfEqualKeys_IsEmittedOnce()
    {
        var emissions = 0;
        var kernels = new EmittedKernel[64];
        System.Threading.Tasks.Parallel.For(0, kernels.Length, i => kernels[i] = _cache.GetOrEmit(new Key(7), _ =>
        {
            Interlocked.Increment(ref emissions);
            return new ReturnEmitter();
        }));
        Assert.Equal(1, emissions);
        Assert.All(kernels, kernel => Assert.Same(kernels[0], kernel));
    }

    [EmittingFact]
    public void Kernel_OfAnotherKey_IsAnother()
    {
        var one = _cache.GetOrEmit(new Key(1), _ => new ReturnEmitter());
        var two = _cache.GetOrEmit(new Key(2), _ => new ReturnEmitter());
        Assert.NotSame(one, two);
        Assert.Equal(2, _cache.Count);
    }

    [EmittingFact]
    public void Emission_ThatFails_LeavesNoEntryAndCanBeRepeated()
    {
        var failing = new ReturnEmitter(emitter => emitter.Registers.Take(33, "too much"));
        Assert.Throws<EmissionException>(() => _cache.GetOrEmit(new Key(3), _ => failing));
        Assert.Equal(0, _cache.Count);
        Assert.NotNull(_cache.GetOrEmit(new Key(3), _ => new ReturnEmitter()));
    }
}

/// <summary>A test that runs emitted code; skipped where the machine runs none.</summary>
internal sealed class EmittingFactAttribute : FactAttribute
{
    public EmittingFactAttribute() =>
        Skip = MachineFeatures.Current.CanExecuteGeneratedCode ? null : "this machine does not run generated code";
}
