using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>What the code of a depthwise kernel on bytes is specialised on, and how its vectors are shared out.</summary>
internal sealed record DepthwiseKernelKey : LineKernelKey
{
    public const int VectorChannels = 64;
    public const int TapsTogether = 4;

    /// <summary>Vectors of 32-bit sums of a vector of bytes.</summary>
    public const int Quarters = 4;

    public DepthwiseKernelKey(ConvolutionProblem problem, EpilogueConstants constants, int channels) : base(problem, constants)
    {
        Channels = channels;
        StrandChannels = (channels % 4, channels) switch
        {
            (0, <= 16) => 16,
            (0, <= 32) => 32,
            _ => VectorChannels,
        };
    }

    /// <summary>Channels of the block, 1 to 64.</summary>
    public int Channels { get; }

    /// <summary>Channels that one pixel takes of a vector: 16, 32 or 64; fewer channels leave room for more pixels.</summary>
    public int StrandChannels { get; }

    /// <summary>Pixels in one vector.</summary>
    public int Strands => VectorChannels / StrandChannels;

    public bool IsMasked => Channels < StrandChannels;

    /// <summary>Four-tap pieces of a kernel row, the last filled up with zero weights.</summary>
    public int Pieces => (KernelWidth + TapsTogether - 1) / TapsTogether;

    /// <summary>Neighbouring pixels whose windows lie within the columns of the pieces: they share them, with shifted weights.</summary>
    public int Shifts => DilationX == 1 ? Math.Min(4, (((Pieces * TapsTogether) - KernelWidth) / StrideX) + 1) : 1;

    public override int BiasVectors => Quarters;

    public override int ScaleVectors => Quarters;

    public override int RowVectors => Pieces * Shifts * Quarters;

    public string Name => NameOf("depthwise", $"c{Channels}");

    /// <summary>The channel, of 64, that quarter <paramref name="quarter"/> holds at 32-bit position <paramref name="position"/>.</summary>
    public static int ChannelAt(int quarter, int position) => (position / 4 * 16) + (quarter * 4) + (position % 4);

    /// <summary>The kernel column whose weight multiplies a piece's tap for the pixel at a shift; there may be none.</summary>
    public int KernelColumn(int piece, int tap, int shift) => (piece * TapsTogether) + tap - (shift * StrideX);

    /// <summary>Where a piece's weights for a shift and a quarter lie in a kernel row.</summary>
    public int WeightVector(int piece, int shift, int quarter) => (((piece * Shifts) + shift) * Quarters) + quarter;
}
