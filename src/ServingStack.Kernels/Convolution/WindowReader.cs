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
        for (var kernelRow = 0; kernelRow < problem.KernelRows; kernelRow++)
        {
            var inputLine = problem.InputLine(line, kernelRow);
            for (var kx = 0; kx < problem.KernelWidth; kx++, target += _channels * _targetBytes)
                ReadPixel(inputLine, (x * problem.StrideX) - problem.PadLeft + (kx * problem.DilationX), target);
        }
    }

    private void ReadPixel(long inputLine, int x, nint target)
    {
        if (inputLine < 0 || x < 0 || x >= problem.InputWidth)
        {
            NativeMemory.Clear((void*)target, (nuint)(_channels * _targetBytes));
            return;
        }
        var element = (((inputLine * problem.InputWidth) + x) * problem.InputChannels) + (group * _channels);
        Copy(operands.Input + (nint)(element * _inputBytes), target, _channels);
    }
}
