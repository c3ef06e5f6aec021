using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Tests.Jit;

namespace ServingStack.Kernels.Tests.Convolution;

public class LineRunTests
{
    [Fact]
    public void Blocks_EquallyFarApart_AreOneRun()
    {
        using var kernel = Kernel();
        var run = Assert.Single(LineRun.Of([new(kernel, 0, 0), new(kernel, 16, 64), new(kernel, 32, 128)]));
        Assert.Equal((0, 3, 16, 64), (run.FirstBlock, run.Blocks, run.ChannelStep, run.OutputStep));
    }

    [Fact]
    public void Block_OfAnotherKernelOrDistance_StartsARun()
    {
        using EmittedKernel kernel = Kernel(), other = Kernel();
        var runs = LineRun.Of([new(kernel, 0, 0), new(kernel, 0, 16), new(kernel, 8, 32), new(kernel, 8, 48), new(other, 8, 64)]);
        Assert.Equal([(0, 2), (2, 2), (4, 1)], runs.Select(run => (run.FirstBlock, run.Blocks)));
    }

    private static EmittedKernel Kernel() => new("return", new ReturnEmitter().Emit());
}
