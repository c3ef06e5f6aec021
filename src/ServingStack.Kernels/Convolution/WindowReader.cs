using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;

namespace ServingStack.Kernels.Convolution;

/// <summary>Reads the window of one output pixel, one group's channels, as a row; pixels outside the image are zero.</summary>
internal sealed unsafe class WindowReader(ConvolutionProblem problem, ConvolutionOperands operands, int group, int zeroPoint)
    : RowReader(problem.Input, zeroPoint)
{
    private readonly int _channels = problem.InputChannels / problem.Groups;
    private readonly int _inputBytes = problem.Input.Size();
    private readonly int _targetBytes = problem.Input == DataType.Float32 ? sizeof(float) : sizeof(short);

    public override void Read(int row, nint target)
    {
        var (line, x) = Math.DivRem(row, problem.OutputWidth);
        var (image, y) = Math.DivRem(line, problem.OutputHeight);
        for (var ky = 0; ky < problem.KernelHeight; ky++)
            for (var kx = 0; kx < problem.KernelWidth; kx++, target += _channels * _targetBytes)
                ReadPixel(
                    image, (y * problem.StrideY) - problem.PadTop + (ky * problem.DilationY),
                    (x * problem.StrideX) - problem.PadLeft + (kx * problem.DilationX), target);
    }

    private void ReadPixel(int image, int y, int x, nint target)
    {
        if (y < 0 || y >= problem.InputHeight || x < 0 || x >= problem.InputWidth)
        {
            NativeMemory.Clear((void*)target, (nuint)(_channels * _targetBytes));
            return;
        }
        var pixel = ((((long)image * problem.InputHeight) + y) * problem.InputWidth) + x;
        var element = (pixel * problem.InputChannels) + (group * _channels);
        Copy(operands.Input + (nint)(element * _inputBytes), target, _channels);
    }
}
