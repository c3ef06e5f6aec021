using System.Runtime.Intrinsics;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Convolution;

/// <summary>Brings products back from the points of a Winograd algorithm, and finishes them: bias, residual, clamp, the store.</summary>
internal sealed unsafe class WinogradOutput<TTransform>(
    WinogradTiles tiles, WinogradPlanes planes, ConvolutionOperands operands, float[] bias)
    where TTransform : struct, IWinogradTransform
{
    private const int VectorFloats = 16;

    private readonly ConvolutionProblem _problem = tiles.Problem;
    private readonly EpilogueConstants _constants = new(tiles.Problem.Epilogue);

    /// <summary>Transforms rows 0 and on of <paramref name="source"/>, as tiles [first, end), of a run of channels.</summary>
    public void Run(int first, int end, (int First, int End) channels, float* source)
    {
        var scratch = stackalloc float[(tiles.Inputs + tiles.Outputs) * tiles.Outputs * VectorFloats];
        for (var tile = first; tile < end; tile++, source += planes.RowStep)
        {
            var (image, y, x) = tiles.At(tile);
            var (rows, columns) = (Math.Min(tiles.Outputs, _problem.OutputHeight - y), Math.Min(tiles.Outputs, _problem.OutputWidth - x));
            var pixel = ((((long)image * _problem.OutputHeight) + y) * _problem.OutputWidth) + x;
            for (var channel = channels.First; channel < channels.End; channel += VectorFloats)
            {
                var block = Transform(source + channel, scratch);
                var count = Math.Min(VectorFloats, channels.End - channel);
                Finish(block, rows, columns, (pixel * _problem.OutputChannels) + channel, channel, count);
            }
        }
    }

    // Returns where in the scratch memory the outputs lie.
    private float* Transform(float* source, float* scratch)
    {
        var (side, outputs) = (TTransform.Outputs + 2, TTransform.Outputs);
        nint plane = planes.PlaneStep;
        for (var x = 0; x < side; x++)
            TTransform.ToOutputs(source + (x * plane), side * plane, scratch + (x * VectorFloats), side * VectorFloats);
        var target = scratch + (side * outputs * VectorFloats);
        for (var y = 0; y < outputs; y++)
            TTransform.ToOutputs(scratch + (y * side * VectorFloats), VectorFloats, target + (y * outputs * VectorFloats), VectorFloats);
        return target;
    }

    private void Finish(float* block, int rows, int columns, long element, int channel, int count)
    {
        var lineStep = (long)_problem.OutputWidth * _problem.OutputChannels;
        var add = Vector512.LoadUnsafe(ref bias[channel]);
        var (lower, upper) = (Vector512.Create(_constants.Lower), Vector512.Create(_constants.Upper));
        for (var y = 0; y < rows; y++, block += TTransform.Outputs * VectorFloats, element += lineStep)
            for (var x = 0; x < columns; x++)
            {
                var at = element + ((long)x * _problem.OutputChannels);
                var value = Vector512.Load(block + (x * VectorFloats)) + add;
                if (_problem.Epilogue.Residual is not null)
                    value = Vector512.FusedMultiplyAdd(
                        Lanes.Load((float*)operands.Residual + at, count), Vector512.Create(_constants.ResidualScale), value);
                // A comparison with a NaN is false: it stays a NaN.
                value = Vector512.ConditionalSelect(Vector512.LessThan(value, lower), lower, value);
                value = Vector512.ConditionalSelect(Vector512.GreaterThan(value, upper), upper, value);
                Lanes.Store(value, (float*)operands.Output + at, count);
            }
    }
}
