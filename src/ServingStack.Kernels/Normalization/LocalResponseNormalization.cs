using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Normalization;

/// <summary>
/// ONNX LRN, channels last: y[c] = x[c] / (bias + alpha / size * sum of x^2 over the size channels around c) ^ beta. AlexNet and GoogLeNet.
/// x and y must not overlap.
/// </summary>
public static class LocalResponseNormalization
{
    // The squares of one pixel are kept on the stack.
    private const int MaxChannels = 8192;

    public static BoundKernel Bind(
        nint x, nint y, long pixels, int channels, int size, float alpha = 1e-4f, float beta = 0.75f, float bias = 1f)
    {
        if (channels + size > MaxChannels)
            throw new NotSupportedException($"LRN over {channels} channels: expected at most {MaxChannels - size}.");
        if (size < 1) throw new ArgumentException($"LRN with size {size}: expected 1 or more.");
        return new Kernel(x, y, pixels, channels, size, alpha / size, beta, bias);
    }

    private sealed unsafe class Kernel(
        nint x, nint y, long pixels, int channels, int size, float alphaOverSize, float beta, float bias) : BoundKernel
    {
        private const int Width = 16;

        public override string KernelName => "lrn_f32_nhwc";

        public override int MaxParts { get; } = PartRange.MaxParts(pixels, pixels * channels * sizeof(float) * 4);

        [SkipLocalsInit]
        public override void Run(int part, int parts)
        {
            // Squares with zeros before and behind: every window of every vector lies inside.
            var length = channels + size + Width;
            var squares = stackalloc float[length];
            new Span<float>(squares, length).Clear();
            var range = PartRange.Of(pixels, part, parts);
            for (var pixel = range.Start; pixel < range.End; pixel++)
                Pixel((float*)x + (pixel * channels), (float*)y + (pixel * channels), squares);
        }

        private void Pixel(float* from, float* to, float* squares)
        {
            // Of an even window the larger half comes after the channel.
            var before = (size - 1) / 2;
            for (var c = 0; c < channels; c += Width)
            {
                var lanes = Math.Min(Width, channels - c);
                var value = Lanes.Load(from + c, lanes);
                Lanes.Store(value * value, squares + before + c, lanes);
            }

            for (var c = 0; c < channels; c += Width)
            {
                var sum = Vector512<float>.Zero;
                for (var i = 0; i < size; i++) sum += Vector512.Load(squares + c + i);
                var lanes = Math.Min(Width, channels - c);
                var divisor = Vector512.FusedMultiplyAdd(sum, Vector512.Create(alphaOverSize), Vector512.Create(bias));
                Lanes.Store(Lanes.Load(from + c, lanes) / Power(divisor), to + c, lanes);
            }
        }

        private Vector512<float> Power(Vector512<float> z)
        {
            if (beta != 0.75f) return VectorMath.Exp(VectorMath.Log(z) * beta);
            var root = Vector512.Sqrt(z);
            return root * Vector512.Sqrt(root);
        }
    }
}
