using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Embedding;

/// <summary>An embedding bag by emitted AVX-512 code.</summary>
internal sealed unsafe class EmittedEmbeddingBag : EmbeddingBagKernel
{
    private readonly EmittedKernel _code;

    public EmittedEmbeddingBag(string row, EmbeddingBagProblem problem, EmbeddingBagOperands operands, RowPrefetch? prefetch = null)
        : base(row, problem, operands)
    {
        var key = new EmbeddingBagKernelKey(problem, prefetch ?? PrefetchTuning.For(problem, operands));
        _code = KernelCache.Shared.GetOrEmit(key, EmbeddingBagEmitter.Create);
    }

    private protected override void Run(long start, long end, long first, long last)
    {
        var indexBytes = Problem.IndexType.Size();
        var arguments = new EmbeddingBagArguments
        {
            Table = Operands.Table,
            Indices = Operands.Indices + (nint)(first * indexBytes),
            LastIndex = Operands.Indices + (nint)((last - 1) * indexBytes),
            Bounds = Operands.Bounds + (nint)(start * indexBytes),
            Weights = Operands.Weights + (nint)(first * sizeof(float)),
            Output = Operands.Output + (nint)(start * Problem.Rows.Dimension * sizeof(float)),
            Bags = (nint)(end - start),
            IndicesPerBag = (nint)Count(start),
            Rows = (nint)Operands.Rows,
        };
        ((delegate* unmanaged[SuppressGCTransition]<EmbeddingBagArguments*, void>)_code.Address)(&arguments);
    }
}
