using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Convolution;

/// <summary>Channels that a line kernel computes together, at most one vector of outputs or 64 bytes.</summary>
/// <param name="ChannelOffset">Bytes from an input pixel's first channel to the first that the block reads.</param>
/// <param name="OutputOffset">Bytes from an output pixel's first channel to the first that the block writes.</param>
internal readonly record struct LineBlock(EmittedKernel Kernel, int ChannelOffset, int OutputOffset)
{
    /// <summary>Why line kernels cannot finish a problem as asked, or null.</summary>
    public static string? Refuses(DataType input, Epilogue epilogue) => (input, epilogue) switch
    {
        (_, { Residual: not null }) => "adds no residual",
        (not DataType.Float32, { Output: not (DataType.UInt8 or DataType.Int8) }) => $"writes UInt8 or Int8, not {epilogue.Output}",
        _ => null,
    };
}
