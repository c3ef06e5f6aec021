using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace ServingStack.Kernels.Convolution;

/// <summary>Up to four vectors of 16 channels, and four pixels that share each load of the weights.</summary>
internal sealed class DepthwiseFloatsEmitter(DepthwiseKernelKey key) : DepthwiseEmitter(key)
{
    public const int MostVectors = 4;
    public const int VectorChannels = 16;

    protected override int PixelsTogether => Addresses.Length;

    protected override void EmitPixels(int pixels)
    {
        var mark = Vectors.Mark();
        var sums = Vectors.Take(pixels * Key.Vectors, "sums");
        for (var i = 0; i < sums.Length; i++) Asm.vmovups(sums[i], __zmmword_ptr[Bias + (64 * (i % Key.Vectors))]);
        var weight = Vectors.Take("a weight");
        for (var tap = 0; tap < Key.Taps; tap++) EmitTap(tap, pixels, sums, weight);
        for (var pixel = 0; pixel < pixels; pixel++) Store(sums.AsSpan(pixel * Key.Vectors, Key.Vectors));
        Vectors.ReturnTo(mark);
    }

    private void EmitTap(int tap, int pixels, AssemblerRegisterZMM[] sums, AssemblerRegisterZMM weight)
    {
        for (var pixel = 0; pixel < pixels; pixel++) Asm.mov(Addresses[pixel], Entry(pixel, tap));
        for (var v = 0; v < Key.Vectors; v++)
        {
            Asm.vmovups(weight, __zmmword_ptr[Weights + (64 * ((tap * Key.Vectors) + v))]);
            for (var pixel = 0; pixel < pixels; pixel++)
            {
                var sum = sums[(pixel * Key.Vectors) + v];
                Asm.vfmadd231ps(Masked(v) ? sum.k1 : sum, weight, __zmmword_ptr[Addresses[pixel] + Channel + (64 * v)]);
            }
        }
    }

    private void Store(ReadOnlySpan<AssemblerRegisterZMM> sums)
    {
        for (var v = 0; v < sums.Length; v++)
        {
            Clamp(sums[v]);
            var floats = __zmmword_ptr[Output + (64 * v)];
            Asm.vmovups(Masked(v) ? floats.k1 : floats, sums[v]);
        }
        AdvanceOutput();
    }

    private bool Masked(int vector) => Key.MaskedChannels && vector == Key.Vectors - 1;
}
