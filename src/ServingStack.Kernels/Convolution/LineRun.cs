using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Convolution;

/// <summary>Neighbouring blocks of one kernel, equally far apart in the input and in the output: one call computes them all.</summary>
internal readonly record struct LineRun(EmittedKernel Kernel, int FirstBlock, int Blocks, LineBlock First, int ChannelStep, int OutputStep)
{
    /// <summary>The fewest runs that have all blocks in their order.</summary>
    public static LineRun[] Of(LineBlock[] blocks)
    {
        var runs = new List<LineRun>();
        for (var i = 0; i < blocks.Length; i++)
        {
            if (runs.Count > 0 && runs[^1].With(blocks[i]) is { } longer) runs[^1] = longer;
            else runs.Add(new LineRun(blocks[i].Kernel, i, 1, blocks[i], 0, 0));
        }
        return [.. runs];
    }

    private LineRun? With(LineBlock next)
    {
        if (next.Kernel != Kernel) return null;
        var (channels, outputs) = (next.ChannelOffset - First.ChannelOffset, next.OutputOffset - First.OutputOffset);
        if (Blocks == 1) return this with { Blocks = 2, ChannelStep = channels, OutputStep = outputs };
        return channels == Blocks * ChannelStep && outputs == Blocks * OutputStep ? this with { Blocks = Blocks + 1 } : null;
    }
}
