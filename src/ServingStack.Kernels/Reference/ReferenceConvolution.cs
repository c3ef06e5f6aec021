using System.Runtime.InteropServices;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Reference;

/// <summary>The definition of a convolution: for each output number, the sum over its window. Source: ONNX operator Conv.</summary>
internal sealed unsafe class ReferenceConvolution : PackedConvolution
{
    private readonly GemmWeights _weights;

    public ReferenceConvolution(ConvolutionProblem problem, GemmWeights weights) : base(problem)
    {
        ConvolutionChecks.Check(problem, weights);
        _weights = weights;
    }

    protected override BoundKernel BindChecked(ConvolutionOperands operands) => new Bound(Problem, _weights, operands);

    private sealed class Bound(ConvolutionProblem problem, GemmWeights weights, ConvolutionOperands operands) : BoundKernel
    {
        private readonly int _groupInputs = problem.InputChannels / problem.Groups;
        private readonly int _groupOutputs = problem.OutputChannels / problem.Groups;

        public override string KernelName => "convolution_reference";

        public override void Run(int part, int parts)
        {
            var pixel = 0L;
            for (var image = 0; image < operands.Batch; image++)
                for (var z = 0; z < problem.OutputDepth; z++)
                    for (var y = 0; y < problem.OutputHeight; y++)
                        for (var x = 0; x < problem.OutputWidth; x++, pixel++)
                            for (var channel = 0; channel < problem.OutputChannels; channel++)
                                Store(image, (z, y, x), channel, (pixel * problem.OutputChannels) + channel);
        }

        private void Store(int image, (int Z, int Y, int X) at, int channel, long element)
        {
            var epilogue = problem.Epilogue;
            var output = operands.Output + (nint)(element * epilogue.Output.Size());
            var residual = epilogue.Residual is { } type ? operands.Residual + (nint)(element * type.Size()) : 0;
            if (problem.Input == DataType.Float32)
            {
                var sum = weights.Bias.IsEmpty ? 0 : weights.Bias.Span[channel];
                ReferenceEpilogue.StoreFloat(epilogue, (float)WindowSum(sum, image, at, channel), residual, output);
            }
            else
            {
                var sum = weights.IntegerBias.IsEmpty ? 0 : weights.IntegerBias.Span[channel];
                var scale = weights.Scale.IsEmpty ? 1 : weights.Scale.Span[channel];
                ReferenceEpilogue.StoreInteger(epilogue, (int)WindowSum(sum, image, at, channel), scale, residual, output);
            }
        }

        // A double holds the integer sums exactly: they stay far below 2^53.
        private double WindowSum(double sum, int image, (int Z, int Y, int X) at, int channel)
        {
            for (var kz = 0; kz < problem.KernelDepth; kz++)
                for (var ky = 0; ky < problem.KernelHeight; ky++)
                    for (var kx = 0; kx < problem.KernelWidth; kx++)
                    {
                        var z = (at.Z * problem.StrideZ) - problem.PadFront + (kz * problem.DilationZ);
                        var y = (at.Y * problem.StrideY) - problem.PadTop + (ky * problem.DilationY);
                        var x = (at.X * problem.StrideX) - problem.PadLeft + (kx * problem.DilationX);
                        if (z < 0 || z >= problem.InputDepth || y < 0 || y >= problem.InputHeight || x < 0 || x >= problem.InputWidth)
                            continue;
                        for (var i = 0; i < _groupInputs; i++)
                            sum += Input(image, (z, y, x), (channel / _groupOutputs * _groupInputs) + i) * Weight(channel, i, (kz, ky, kx));
                    }
            return sum;
        }

        private double Input(int image, (int Z, int Y, int X) at, int channel)
        {
            var line = (((((long)image * problem.InputDepth) + at.Z) * problem.InputHeight) + at.Y) * problem.InputWidth;
            var element = ((line + at.X) * problem.InputChannels) + channel;
            return problem.Input switch
            {
                DataType.Float32 => ((float*)operands.Input)[element],
                DataType.UInt8 => ((byte*)operands.Input)[element] - weights.ZeroPointA,
                _ => ((sbyte*)operands.Input)[element] - weights.ZeroPointA,
            };
        }

        private double Weight(int output, int input, (int Z, int Y, int X) at)
        {
            var plane = (((output * _groupInputs) + input) * problem.KernelDepth) + at.Z;
            var index = (((plane * problem.KernelHeight) + at.Y) * problem.KernelWidth) + at.X;
            return problem.Input == DataType.Float32
                ? MemoryMarshal.Cast<byte, float>(weights.B.Span)[index]
                : (sbyte)weights.B.Span[index];
        }
    }
}
