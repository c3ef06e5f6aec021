using System.Runtime.InteropServices;
using Iced.Intel;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Several pixels of one block of a <see cref="GroupedLayout"/>: per kernel row the weights lie in registers, each column of the input is
/// loaded once and multiplied for every pixel whose window has it. Factors that exceed the registers take turns.
/// </summary>
internal sealed class GroupedEmitter(GroupedKernelKey key) : LineEmitter(key)
{
    // Enough independent sums to hide the latency of a multiply-add, few enough to leave registers for weights.
    private const int MostSums = 16;
    private const int MostPixels = 14;
    private const int Operands = 2;

    private AssemblerRegisterZMM[] _sums = [];

    public override string Name => key.Name;

    protected override IEnumerable<(int Pixels, int Groups)> PixelGroups
    {
        get
        {
            var groups = new RowTiles(key.OutputWidth, Math.Min(MostPixels, MostSums / key.Sums));
            return [(groups.LargeRows, groups.LargeCount), (groups.LargeRows - 1, groups.Count - groups.LargeCount)];
        }
    }

    private bool IsFloat => key.Arithmetic == TileArithmetic.Floats;

    protected override void LoadConstants()
    {
        base.LoadConstants();
        if (!key.IsMasked) return;
        var outputs = (1 << (key.Outputs % GroupedLayout.VectorOutputs)) - 1;
        Asm.mov(r8d, outputs);
        Asm.kmovw(k1, r8d);
        if (IsFloat || key.Scheme != GroupedScheme.Lanes) return;
        // Each 128-bit lane holds the block's input channels, four a dword.
        Asm.mov(r8d, 0x1111 * ((1 << (key.Outputs / 4)) - 1));
        Asm.kmovw(k2, r8d);
    }

    protected override void EmitPixels(int pixels)
    {
        var mark = Vectors.Mark();
        _sums = Vectors.Take(pixels * key.Sums, "sums");
        StartSums(pixels);
        EmitRows(pixels * key.KernelWidth * key.UsedFactors, () => EmitRow(pixels));
        if (key.Scheme != GroupedScheme.Depthwise) new GroupedSums(Asm, Vectors, IsFloat).AddPartials(_sums, key.Sums);
        if (IsFloat) StoreFloats(pixels);
        else StoreBytes(pixels);
        Vectors.ReturnTo(mark);
    }

    private void StartSums(int pixels)
    {
        for (var s = 0; s < key.Sums; s++)
        {
            Asm.vmovups(_sums[s], BiasAt(s));
            for (var pixel = 1; pixel < pixels; pixel++) Asm.vmovaps(_sums[(pixel * key.Sums) + s], _sums[s]);
        }
    }

    private void EmitRow(int pixels)
    {
        var together = Math.Clamp((Vectors.Free - Operands) / key.KernelWidth, 1, key.UsedFactors);
        for (var first = 0; first < key.UsedFactors; first += together)
        {
            var mark = Vectors.Mark();
            var count = Math.Min(together, key.UsedFactors - first);
            var weights = Vectors.Take(count * key.KernelWidth, "weights");
            for (var i = 0; i < weights.Length; i++) Asm.vmovups(weights[i], WeightAt((first * key.KernelWidth) + i));
            var operands = Vectors.Take(Math.Min(Operands, Vectors.Free), "inputs");
            var columns = ((pixels - 1) * key.StrideX) + (key.DilationX * (key.KernelWidth - 1)) + 1;
            for (var column = 0; column < columns; column++) EmitColumn(column, pixels, first, weights, operands);
            Vectors.ReturnTo(mark);
        }
    }

    private void EmitColumn(int column, int pixels, int first, AssemblerRegisterZMM[] weights, AssemblerRegisterZMM[] operands)
    {
        var uses = (from kx in Enumerable.Range(0, key.KernelWidth)
                    let offset = column - (kx * key.DilationX)
                    where offset >= 0 && offset % key.StrideX == 0 && offset / key.StrideX < pixels
                    select (Pixel: offset / key.StrideX, kx)).ToArray();
        if (uses.Length == 0) return;
        var address = AddressOf(column);
        var shared = key.Scheme is GroupedScheme.Lanes or GroupedScheme.Channels;
        for (var f = 0; f < weights.Length / key.KernelWidth; f++)
        {
            var operand = operands[(shared ? column : f) % operands.Length];
            if (!shared || f == 0) Load(operand, address, first + f);
            foreach (var (pixel, kx) in uses)
                MultiplyAdd(
                    _sums[(pixel * key.Sums) + (key.Sums > 1 ? first + f : 0)], operand, weights[(f * key.KernelWidth) + kx]);
        }
    }

    private void Load(AssemblerRegisterZMM operand, AssemblerRegister64 address, int factor)
    {
        switch (key.Scheme)
        {
            case GroupedScheme.Lanes:
                Asm.vbroadcasti32x4(key.IsMasked ? operand.k2.z : operand, __xmmword_ptr[address + Channel]);
                break;
            case GroupedScheme.Channels:
                Asm.vmovups(key.IsMasked ? operand.k1.z : operand, __zmmword_ptr[address + Channel]);
                break;
            case GroupedScheme.Depthwise:
                Asm.vmovups(IsCut(factor) ? operand.k1.z : operand, __zmmword_ptr[address + Channel + (64 * factor)]);
                break;
            default:
                Asm.vpbroadcastd(operand, __dword_ptr[address + Channel + (4 * factor)]);
                break;
        }
        FlipSign(operand);
    }

    private void MultiplyAdd(AssemblerRegisterZMM sum, AssemblerRegisterZMM operand, AssemblerRegisterZMM weight)
    {
        if (IsFloat) Asm.vfmadd231ps(sum, operand, weight);
        else Asm.vpdpbusd(sum, operand, weight);
    }

    private void StoreFloats(int pixels)
    {
        var vectors = key.Scheme == GroupedScheme.Depthwise ? key.UsedFactors : 1;
        for (var pixel = 0; pixel < pixels; pixel++)
            for (var v = 0; v < vectors; v++)
            {
                var sum = _sums[(pixel * key.Sums) + v];
                Clamp(sum);
                var target = __zmmword_ptr[Output + (pixel * key.OutputStride) + (64 * v)];
                Asm.vmovups(v == vectors - 1 && key.IsMasked ? target.k1 : target, sum);
            }
    }

    private bool IsCut(int factor) => key.IsMasked && factor == key.UsedFactors - 1;

    // Four pixels are packed into one vector, whose 128-bit lanes are then brought back to one pixel each.
    private void StoreBytes(int pixels)
    {
        const int Together = 4;
        var (laneOrder, spare) = (Vectors.Take("the order of lanes"), Vectors.Take("one pixel"));
        Asm.vmovups(laneOrder, Constant([0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]));
        var byteOrder = key.Scheme == GroupedScheme.Lanes ? Constant(ByteOrder()) : default;
        for (var first = 0; first < pixels; first += Together)
        {
            var count = Math.Min(Together, pixels - first);
            var x = Enumerable.Range(0, Together).Select(i => _sums[(first + Math.Min(i, count - 1)) * key.Sums]).ToArray();
            foreach (var one in x.Distinct()) Quantize(one, scaleVector: 0);
            PackBytes(x[0], x[1], count > 2 ? x[2] : x[0], x[3]);
            Asm.vpermd(x[0], laneOrder, x[0]);
            if (key.Scheme == GroupedScheme.Lanes) Asm.vpshufb(x[0], x[0], byteOrder);
            for (var i = 0; i < count; i++) StorePixel(x[0], i, first + i, spare);
        }
    }

    private void StorePixel(AssemblerRegisterZMM packed, int lane, int pixel, AssemblerRegisterZMM spare)
    {
        var target = __xmmword_ptr[Output + (pixel * key.OutputStride)];
        if (key.IsMasked)
        {
            Asm.vextracti32x4(VectorRegisters.Low(spare), packed, (byte)lane);
            Asm.vmovdqu8(target.k1, VectorRegisters.Low(spare));
        }
        else if (lane == 0) Asm.vmovdqu32(target, VectorRegisters.Low(packed));
        else Asm.vextracti32x4(target, packed, (byte)lane);
    }

    // For each byte of a pixel the position at which the kernel has that output channel.
    private uint[] ByteOrder()
    {
        var positions = new byte[4 * GroupedLayout.VectorOutputs];
        for (var position = 0; position < positions.Length; position++)
        {
            var (pixel, place) = Math.DivRem(position, GroupedLayout.VectorOutputs);
            positions[(pixel * GroupedLayout.VectorOutputs) + GroupedLayout.LaneOutputAt(key.Factors, place)] = (byte)place;
        }
        return MemoryMarshal.Cast<byte, uint>(positions).ToArray();
    }
}
