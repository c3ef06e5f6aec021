namespace ServingStack.Kernels.Gemm;

/// <summary>How a tile kernel brings 16-bit weights and fp32 activations together.</summary>
internal enum HalfArithmetic
{
    /// <summary>binary16 weights become floats in registers (<c>vcvtph2ps</c>).</summary>
    Binary16,

    /// <summary>bfloat16 weights become floats in registers, by a shift or a mask.</summary>
    Brain,

    /// <summary>bfloat16 weights times activations rounded to bfloat16, two products a lane (<c>vdpbf16ps</c>).</summary>
    BrainProducts,
}

/// <summary>Everything that the code of a 16-bit tile kernel is specialised on. Equal keys share one emitted kernel.</summary>
internal sealed record HalfTileKey(HalfArithmetic Arithmetic, int Depth, bool Prefetch, TileKernelKey Epilogue)
{
    public int Rows => Epilogue.Rows;

    public int Vectors => Epilogue.Vectors;

    /// <summary>Steps of two of depth.</summary>
    public int Steps => (Depth + 1) / 2;

    public string Name => $"half_{Arithmetic}_k{Depth}{(Prefetch ? "p" : "")}_{Epilogue.Name}";
}
