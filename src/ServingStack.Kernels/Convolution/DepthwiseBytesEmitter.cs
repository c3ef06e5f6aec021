using Iced.Intel;
using ServingStack.Kernels.Gemm;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// 64 channels of a pixel at a time. Four taps are interleaved byte by byte, so that each lane holds four taps of one channel, and one
/// <c>vpdpbusd</c> multiplies and adds them. Unpacking works within 128-bit lanes: of four results, number q holds channels 16 lane + 4 q
/// + 0..3.
/// Weights, bias and scale are packed in that order, and packing down to bytes at the end undoes it.
/// </summary>
internal sealed class DepthwiseBytesEmitter(DepthwiseKernelKey key) : DepthwiseEmitter(key)
{
    public const int BlockChannels = 64;
    public const int TapsTogether = 4;
    private const int Quarters = 4;

    // Weights stay in registers while that leaves enough of them for the arithmetic; a 3x3 window does.
    private const int MostResidentGroups = 3;

    private AssemblerRegisterZMM[] _weights = [];
    private AssemblerRegisterZMM _signFlip;

    protected override int PixelsTogether => 1;

    private int TapGroups => (Key.Taps + TapsTogether - 1) / TapsTogether;

    /// <summary>Taps filled up to whole groups.</summary>
    public static int PaddedTaps(int taps) => (taps + TapsTogether - 1) / TapsTogether * TapsTogether;

    /// <summary>The channel, of 64, that quarter <paramref name="quarter"/> holds at 32-bit position <paramref name="position"/>.</summary>
    public static int ChannelAt(int quarter, int position) => (position / 4 * 16) + (quarter * 4) + (position % 4);

    protected override void LoadConstants()
    {
        base.LoadConstants();
        if (Key.Arithmetic == TileArithmetic.SignedBytes)
        {
            _signFlip = Vectors.Take("the sign flip");
            Asm.mov(r8d, unchecked((int)0x80808080));
            Asm.vpbroadcastd(_signFlip, r8d);
        }
        if (TapGroups > MostResidentGroups) return;
        _weights = Vectors.Take(Quarters * TapGroups, "weights");
        for (var i = 0; i < _weights.Length; i++) Asm.vmovups(_weights[i], __zmmword_ptr[Weights + (64 * i)]);
    }

    protected override void EmitPixels(int pixels)
    {
        var mark = Vectors.Mark();
        var sums = Vectors.Take(Quarters, "sums");
        for (var q = 0; q < Quarters; q++) Asm.vmovups(sums[q], __zmmword_ptr[Bias + (64 * q)]);
        for (var group = 0; group < TapGroups; group++) EmitTaps(group, sums);
        Store(sums);
        AdvanceOutput();
        Vectors.ReturnTo(mark);
    }

    private void EmitTaps(int group, AssemblerRegisterZMM[] sums)
    {
        var mark = Vectors.Mark();
        var taps = LoadTaps(group);
        var (low01, high01) = (Vectors.Take("low bytes"), Vectors.Take("high bytes"));
        Asm.vpunpcklbw(low01, taps[0], taps[1]);
        Asm.vpunpckhbw(high01, taps[0], taps[1]);
        var (low23, high23) = (low01, high01);
        // Taps that do not exist have weight zero: whatever stands in their place will do.
        if (Key.Taps - (group * TapsTogether) > 2)
        {
            (low23, high23) = (Vectors.Take("low bytes"), taps[2]);
            Asm.vpunpcklbw(low23, taps[2], taps[3]);
            Asm.vpunpckhbw(high23, taps[2], taps[3]);
        }
        MultiplyAdd(group, 0, sums, quad => Asm.vpunpcklwd(quad, low01, low23));
        MultiplyAdd(group, 1, sums, quad => Asm.vpunpckhwd(quad, low01, low23));
        MultiplyAdd(group, 2, sums, quad => Asm.vpunpcklwd(quad, high01, high23));
        MultiplyAdd(group, 3, sums, quad => Asm.vpunpckhwd(quad, high01, high23));
        Vectors.ReturnTo(mark);
    }

    private AssemblerRegisterZMM[] LoadTaps(int group)
    {
        var count = Math.Min(TapsTogether, Key.Taps - (group * TapsTogether));
        var loaded = Vectors.Take(count, "taps");
        for (var i = 0; i < count; i++)
        {
            Asm.mov(Addresses[i], Entry(pixel: 0, (group * TapsTogether) + i));
            Asm.vmovdqu8(Key.MaskedChannels ? loaded[i].k1.z : loaded[i], __zmmword_ptr[Addresses[i] + Channel]);
            if (Key.Arithmetic == TileArithmetic.SignedBytes) Asm.vpxord(loaded[i], loaded[i], _signFlip);
        }
        return [.. Enumerable.Range(0, TapsTogether).Select(i => loaded[Math.Min(i, count - 1)])];
    }

    private void MultiplyAdd(int group, int quarter, AssemblerRegisterZMM[] sums, Action<AssemblerRegisterZMM> interleave)
    {
        var mark = Vectors.Mark();
        var quad = Vectors.Take("four taps");
        interleave(quad);
        var index = (group * Quarters) + quarter;
        if (_weights.Length > 0) Asm.vpdpbusd(sums[quarter], quad, _weights[index]);
        else Asm.vpdpbusd(sums[quarter], quad, __zmmword_ptr[Weights + (64 * index)]);
        Vectors.ReturnTo(mark);
    }

    private void Store(AssemblerRegisterZMM[] sums)
    {
        for (var q = 0; q < Quarters; q++)
        {
            Asm.vcvtdq2ps(sums[q], sums[q]);
            Asm.vmulps(sums[q], sums[q], __zmmword_ptr[Scale + (64 * q)]);
            Clamp(sums[q]);
            Asm.vcvtps2dq(sums[q], sums[q]);
            Asm.vpaddd(sums[q], sums[q], BroadcastArgument(nameof(DepthwiseArguments.OutputZeroPoint)));
        }
        Asm.vpackssdw(sums[0], sums[0], sums[1]);
        Asm.vpackssdw(sums[2], sums[2], sums[3]);
        if (Key.Output == DataType.UInt8) Asm.vpackuswb(sums[0], sums[0], sums[2]);
        else Asm.vpacksswb(sums[0], sums[0], sums[2]);
        var bytes = __zmmword_ptr[Output];
        Asm.vmovdqu8(Key.MaskedChannels ? bytes.k1 : bytes, sums[0]);
    }
}
