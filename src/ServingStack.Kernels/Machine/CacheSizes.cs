using System.Runtime.Intrinsics.X86;

namespace ServingStack.Kernels.Machine;

/// <summary>Bytes of data cache that one core sees; where the processor does not tell, figures that are safe on any server core.</summary>
public sealed record CacheSizes(int L1Data, int L2, int L3)
{
    private static readonly CacheSizes Modest = new(32 << 10, 512 << 10, 8 << 20);

    /// <summary>Asks the processor (CPUID leaf 4 on Intel, 0x8000001D on AMD: the same layout).</summary>
    public static CacheSizes Detect()
    {
        if (!X86Base.IsSupported) return Modest;
        var leaf = DeterministicCacheLeaf();
        if (leaf == 0) return Modest;
        var found = Modest;
        for (var index = 0; index < 8; index++)
        {
            var (eax, ebx, ecx, _) = X86Base.CpuId(leaf, index);
            if ((eax & 0x1f) == 0) break;
            found = With(found, kind: eax & 0x1f, level: (eax >> 5) & 7, Bytes(ebx, ecx));
        }
        return found;
    }

    private static int DeterministicCacheLeaf()
    {
        const int Amd = unchecked((int)0x8000001D);
        var highestExtended = (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax;
        var isAmd = X86Base.CpuId(0, 0).Ecx == 0x444d4163; // "cAMD", the end of AuthenticAMD
        if (isAmd) return highestExtended >= unchecked((uint)Amd) ? Amd : 0;
        return X86Base.CpuId(0, 0).Eax >= 4 ? 4 : 0;
    }

    private static int Bytes(int ebx, int ecx)
    {
        var ways = ((ebx >> 22) & 0x3ff) + 1L;
        var partitions = ((ebx >> 12) & 0x3ff) + 1L;
        var lineBytes = (ebx & 0xfff) + 1L;
        return (int)Math.Min(int.MaxValue, ways * partitions * lineBytes * ((uint)ecx + 1L));
    }

    private static CacheSizes With(CacheSizes sizes, int kind, int level, int bytes)
    {
        const int InstructionCache = 2;
        return (kind, level) switch
        {
            (InstructionCache, _) => sizes,
            (_, 1) => sizes with { L1Data = bytes },
            (_, 2) => sizes with { L2 = bytes },
            (_, 3) => sizes with { L3 = bytes },
            _ => sizes,
        };
    }
}
