using ServingStack.Kernels.Jit;

namespace ServingStack.Kernels.Tests.Jit;

public class CodeListingTests
{
    [EmittingFact]
    public void Kernel_Listed_AppearsAsCodeTextAndPerfSymbol()
    {
        var folder = Directory.CreateTempSubdirectory("servingstack-code");
        try
        {
            var perfMap = Path.Combine(folder.FullName, "perf.map");
            var cache = new KernelCache(new CodeListing(folder.FullName, perfMap));
            var kernel = cache.GetOrEmit("key", _ => new ReturnEmitter(name: "does_nothing"));
            Assert.Equal(kernel.ByteLength, File.ReadAllBytes(Path.Combine(folder.FullName, "does_nothing.bin")).Length);
            Assert.EndsWith("ret\n", File.ReadAllText(Path.Combine(folder.FullName, "does_nothing.asm")), StringComparison.Ordinal);
            Assert.Equal($"{kernel.Address:x} {kernel.ByteLength:x} does_nothing\n", File.ReadAllText(perfMap));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
