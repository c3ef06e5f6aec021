namespace ServingStack.Kernels.Machine;

/// <summary>
/// Levels of vector instructions, each including the ones before it. A kernel names the lowest level that it runs on; a selection may be
/// held to a lower level than the machine has, so that every level is tested on one machine.
/// </summary>
public enum InstructionSet
{
    /// <summary>Managed code only: no generated machine code, right on any processor.</summary>
    Portable,

    /// <summary>x64 with AVX2 and FMA.</summary>
    Avx2,

    /// <summary>x64 with AVX-512 F, BW, DQ, VL.</summary>
    Avx512Bw,

    /// <summary><see cref="Avx512Bw"/> with the dot-product instructions of AVX-512 VNNI.</summary>
    Avx512Vnni,

    /// <summary><see cref="Avx512Vnni"/> with AMX tiles of bytes, where the system lets the process use them.</summary>
    Avx512Amx,
}
