using Iced.Intel;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Depthwise convolution of bytes. Four neighbouring columns are interleaved byte by byte, so that each 32-bit lane holds four taps of one
/// channel, and one <c>vpdpbusd</c> multiplies and adds them. Interleaving works within 128-bit lanes: of four results, quarter q holds
/// channels 16 lane + 4 q + 0..3; weights, bias and scale are packed in that order, and packing down to bytes undoes it. Interleaved
/// columns serve every pixel whose window they contain, with weights shifted to its place. Blocks of few channels put several runs of
/// pixels ("strands") beside each other into a vector.
/// </summary>
internal sealed class DepthwiseBytesEmitter(DepthwiseKernelKey key) : LineEmitter(key)
{
    private const int Quarters = DepthwiseKernelKey.Quarters;
    private const int MostSums = 16;

    private static readonly AssemblerRegisterK[] StrandMasks = [k1, k2, k3, k4];

    private AssemblerRegisterZMM[] _sums = [];
    private int _units;
    private int _columns;

    public override string Name => key.Name;

    protected override IEnumerable<(int Pixels, int Groups)> PixelGroups
    {
        get
        {
            var pixels = Pixels(MostUnits);
            yield return (pixels, key.OutputWidth / pixels);
            if (key.OutputWidth % pixels is > 0 and var rest) yield return (rest, 1);
        }
    }

    // A unit is what one set of interleaved columns serves; two share the columns where they meet.
    private int MostUnits => Math.Min(2, MostSums / (Quarters * key.Shifts));

    private int UnitColumns => key.Shifts * key.StrideX;

    protected override void LoadConstants()
    {
        base.LoadConstants();
        if (key.Strands == 1)
        {
            if (!key.IsMasked) return;
            Asm.mov(r8, (1L << key.Channels) - 1);
            Asm.kmovq(k1, r8);
            return;
        }
        var dwords = key.StrandChannels / 4;
        for (var strand = 0; strand < key.Strands; strand++)
        {
            Asm.mov(r8d, ((1 << (key.Channels / 4)) - 1) << (strand * dwords));
            Asm.kmovw(StrandMasks[strand], r8d);
        }
        if (!key.IsMasked) return;
        Asm.mov(r8d, (1 << key.Channels) - 1);
        Asm.kmovd(k5, r8d);
    }

    protected override void EmitPixels(int pixels)
    {
        var mark = Vectors.Mark();
        _units = Enumerable.Range(1, MostUnits).First(units => Pixels(units) >= pixels);
        _columns = ((pixels - 1) * key.StrideX) + (key.DilationX * (key.KernelWidth - 1)) + 1;
        _sums = Vectors.Take(_units * key.Shifts * Quarters, "sums");
        for (var q = 0; q < Quarters; q++)
        {
            Asm.vmovups(_sums[q], BiasAt(q));
            for (var i = q + Quarters; i < _sums.Length; i += Quarters) Asm.vmovaps(_sums[i], _sums[q]);
        }
        EmitRows(_sums.Length * key.Pieces, EmitRow);
        for (var unit = 0; unit < _units; unit++)
            for (var shift = 0; shift < key.Shifts; shift++)
                Store(Sums(unit, shift), (unit * key.Shifts) + shift, pixels);
        Vectors.ReturnTo(mark);
    }

    // Pixels that a strand has, times strands.
    private int Pixels(int units) => units * key.Shifts * key.Strands;

    private int StrandPixels => _units * key.Shifts;

    private Span<AssemblerRegisterZMM> Sums(int unit, int shift) => _sums.AsSpan(((unit * key.Shifts) + shift) * Quarters, Quarters);

    private void EmitRow()
    {
        for (var piece = 0; piece < key.Pieces; piece++)
        {
            var mark = Vectors.Mark();
            var pairs = InterleavePairs(piece);
            for (var q = 0; q < Quarters; q++) MultiplyAdd(piece, q, pairs);
            Vectors.ReturnTo(mark);
        }
    }

    // By first column: columns c and c + dilation, low and high bytes of each 128-bit lane.
    private Dictionary<int, AssemblerRegisterZMM[]> InterleavePairs(int piece)
    {
        var pairs = new Dictionary<int, AssemblerRegisterZMM[]>();
        for (var unit = 0; unit < _units; unit++)
            foreach (var column in (ReadOnlySpan<int>)[FirstColumn(unit, piece), SecondPair(unit, piece)])
            {
                if (pairs.ContainsKey(column)) continue;
                var pair = pairs[column] = Vectors.Take(2, "interleaved columns");
                var mark = Vectors.Mark();
                var second = Vectors.Take("a column");
                LoadColumn(pair[1], column);
                LoadColumn(second, column + key.DilationX);
                Asm.vpunpcklbw(pair[0], pair[1], second);
                Asm.vpunpckhbw(pair[1], pair[1], second);
                Vectors.ReturnTo(mark);
            }
        return pairs;
    }

    private int FirstColumn(int unit, int piece) => (unit * UnitColumns) + (piece * DepthwiseKernelKey.TapsTogether * key.DilationX);

    // A piece of one or two taps multiplies the second pair by zero: whatever stands there will do.
    private int SecondPair(int unit, int piece)
    {
        var taps = key.KernelWidth + ((key.Shifts - 1) * key.StrideX) - (piece * DepthwiseKernelKey.TapsTogether);
        return FirstColumn(unit, piece) + (taps > 2 ? 2 * key.DilationX : 0);
    }

    private void MultiplyAdd(int piece, int quarter, Dictionary<int, AssemblerRegisterZMM[]> pairs)
    {
        var mark = Vectors.Mark();
        var quads = Vectors.Take(_units, "four taps");
        for (var unit = 0; unit < _units; unit++)
        {
            var (a, b) = (pairs[FirstColumn(unit, piece)][quarter / 2], pairs[SecondPair(unit, piece)][quarter / 2]);
            if (quarter % 2 == 0) Asm.vpunpcklwd(quads[unit], a, b);
            else Asm.vpunpckhwd(quads[unit], a, b);
        }
        var weight = Vectors.Take("weights");
        for (var shift = 0; shift < key.Shifts; shift++)
        {
            Asm.vmovups(weight, WeightAt(key.WeightVector(piece, shift, quarter)));
            for (var unit = 0; unit < _units; unit++) Asm.vpdpbusd(Sums(unit, shift)[quarter], quads[unit], weight);
        }
        Vectors.ReturnTo(mark);
    }

    // Columns beyond those that the pixels need meet weights of zero or give sums that are not stored: the last one stands in for them.
    private void LoadColumn(AssemblerRegisterZMM target, int column)
    {
        for (var strand = 0; strand < key.Strands; strand++)
        {
            var address = AddressOf(Math.Min((strand * StrandPixels * key.StrideX) + column, _columns - 1)) + Channel;
            if (key.Strands == 1)
            {
                if (key.IsMasked) Asm.vmovdqu8(target.k1.z, __zmmword_ptr[address]);
                else Asm.vmovups(target, __zmmword_ptr[address]);
                continue;
            }
            var lanes = Lanes(target, strand);
            if (key.Strands == 4) Asm.vbroadcasti32x4(lanes, __xmmword_ptr[address]);
            else Asm.vbroadcasti32x8(lanes, __ymmword_ptr[address]);
        }
        FlipSign(target);
    }

    // The first strand clears what no channel fills.
    private static AssemblerRegisterZMM Lanes(AssemblerRegisterZMM x, int strand) => strand switch
    {
        0 => x.k1.z,
        1 => x.k2,
        2 => x.k3,
        _ => x.k4,
    };

    private void Store(Span<AssemblerRegisterZMM> sums, int pixelOfStrand, int pixels)
    {
        for (var q = 0; q < Quarters; q++) Quantize(sums[q], q);
        PackBytes(sums[0], sums[1], sums[2], sums[3]);
        for (var strand = 0; strand < key.Strands; strand++)
        {
            var pixel = (strand * StrandPixels) + pixelOfStrand;
            if (pixel < pixels) StoreStrand(sums[0], strand, pixel * key.OutputStride, spare: sums[1]);
        }
    }

    private void StoreStrand(AssemblerRegisterZMM packed, int strand, int offset, AssemblerRegisterZMM spare)
    {
        var whole = __zmmword_ptr[Output + offset];
        if (key.Strands == 1)
        {
            if (key.IsMasked) Asm.vmovdqu8(whole.k1, packed);
            else Asm.vmovups(whole, packed);
            return;
        }
        if (key.IsMasked)
        {
            if (key.Strands == 4) Asm.vextracti32x4(VectorRegisters.Low(spare), packed, (byte)strand);
            else Asm.vextracti64x4(VectorRegisters.Half(spare), packed, (byte)strand);
            Asm.vmovdqu8(__ymmword_ptr[Output + offset].k5, VectorRegisters.Half(spare));
        }
        else if (key.Strands == 4) Asm.vextracti32x4(__xmmword_ptr[Output + offset], packed, (byte)strand);
        else Asm.vextracti64x4(__ymmword_ptr[Output + offset], packed, (byte)strand);
    }
}
