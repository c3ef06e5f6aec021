using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ServingStack.Kernels.Machine;

/// <summary>What this machine can run: its highest instruction set, caches, and whether generated code may be executed at all.</summary>
public sealed record MachineFeatures
{
    /// <summary>The environment variable that holds the whole process to a lower instruction set.</summary>
    public const string InstructionSetVariable = "SERVINGSTACK_ISA";

    private static readonly Lazy<MachineFeatures> Detected = new(() => Detect(Environment.GetEnvironmentVariable(InstructionSetVariable)));

    /// <summary>This process's machine. Throws <see cref="InvalidOperationException"/> when the variable names no level it has.</summary>
    public static MachineFeatures Current => Detected.Value;

    /// <summary>The highest level kernels may use.</summary>
    public required InstructionSet InstructionSet { get; init; }

    /// <summary>
    /// False where the system refuses pages that are made executable; then only <see cref="InstructionSet.Portable"/> is left.
    /// </summary>
    public required bool CanExecuteGeneratedCode { get; init; }

    /// <summary>Whether the processor has dot products of bfloat16 (AVX-512 BF16).</summary>
    public required bool HasBFloat16Products { get; init; }

    /// <summary>Whether the processor transforms the bits of bytes in 512-bit vectors (GFNI).</summary>
    public required bool HasByteTransforms { get; init; }

    public required CacheSizes Caches { get; init; }

    public required string ProcessorName { get; init; }

    /// <summary>Every level that can be selected here, lowest first.</summary>
    public IReadOnlyList<InstructionSet> Levels => [.. Enum.GetValues<InstructionSet>().Where(level => level <= InstructionSet)];

    internal static MachineFeatures Detect(string? forced)
    {
        var canExecute = RuntimeInformation.ProcessArchitecture == Architecture.X64 && ExecutableMemory.IsAllowed();
        return new MachineFeatures
        {
            InstructionSet = Limit(canExecute ? Highest() : InstructionSet.Portable, forced),
            CanExecuteGeneratedCode = canExecute,
            HasBFloat16Products = canExecute && FindsBFloat16Products(),
            HasByteTransforms = canExecute && Gfni.V512.IsSupported,
            Caches = CacheSizes.Detect(),
            ProcessorName = ReadProcessorName(),
        };
    }

    private static InstructionSet Highest()
    {
        const int Vnni = 1 << 11;
        if (!Avx2.IsSupported || !Fma.IsSupported) return InstructionSet.Portable;
        if (!Avx512BW.VL.IsSupported || !Avx512DQ.VL.IsSupported) return InstructionSet.Avx2;
        if ((X86Base.CpuId(7, 0).Ecx & Vnni) == 0) return InstructionSet.Avx512Bw;
        return TileRegisters.AreAllowed() ? InstructionSet.Avx512Amx : InstructionSet.Avx512Vnni;
    }

    private static bool FindsBFloat16Products()
    {
        const int Bf16 = 1 << 5;
        return Avx512BW.VL.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & Bf16) != 0;
    }

    private static InstructionSet Limit(InstructionSet highest, string? forced)
    {
        if (string.IsNullOrWhiteSpace(forced)) return highest;
        var names = string.Join(", ", Enum.GetNames<InstructionSet>().Take((int)highest + 1));
        if (!Enum.TryParse<InstructionSet>(forced, ignoreCase: true, out var level) || !Enum.IsDefined(level) || level > highest)
            throw new InvalidOperationException(
                $"{InstructionSetVariable}={forced} names no instruction set of this machine. Use one of {names}, or unset it.");
        return level;
    }

    private static string ReadProcessorName()
    {
        const int FirstLeaf = unchecked((int)0x80000002);
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < unchecked((uint)FirstLeaf) + 2)
            return RuntimeInformation.ProcessArchitecture.ToString();
        Span<int> words = stackalloc int[12];
        for (var leaf = 0; leaf < 3; leaf++)
            (words[4 * leaf], words[(4 * leaf) + 1], words[(4 * leaf) + 2], words[(4 * leaf) + 3]) = X86Base.CpuId(FirstLeaf + leaf, 0);
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).TrimEnd('\0', ' ');
    }
}
