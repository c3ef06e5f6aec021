using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;

namespace ServingStack.Kernels.Tests.Convolution;

/// <summary>
/// One convolution with random numbers, computed by a row of the table and by the reference, every buffer ending at a guard page.
/// </summary>
internal sealed class ConvolutionCase(int batch, ConvolutionProblem problem, int seed)
{
    private readonly Random _random = new(seed);

    public override string ToString() => $"seed {seed}, batch {batch}, {problem}";

    /// <summary>
    /// Runs <paramref name="row"/> in up to <paramref name="parts"/> parts, twice (the second run must not live on what the first left),
    /// and
    /// asserts that its result is the reference's.
    /// </summary>
    public void Check(KernelRow<ConvolutionProblem, PackedConvolution> row, int parts = 1)
    {
        var weights = RandomOperands.Weights(
            _random, problem.Input, problem.Epilogue, problem.OutputChannels,
            problem.OutputChannels * (problem.InputChannels / problem.Groups) * problem.KernelPixels);
        var inputs = batch * problem.InputDepth * problem.InputHeight * problem.InputWidth * problem.InputChannels;
        var outputs = batch * problem.OutputLines * problem.OutputWidth * problem.OutputChannels;
        using var input = RandomOperands.Fill(_random, problem.Input, inputs * problem.Input.Size());
        var residualType = problem.Epilogue.Residual ?? DataType.UInt8;
        using var residual = RandomOperands.Fill(_random, residualType, outputs * residualType.Size());
        using var expected = new GuardedBuffer(outputs * problem.Epilogue.Output.Size());
        using var actual = new GuardedBuffer(expected.ByteLength);

        using var reference = new ReferenceConvolution(problem, weights);
        using var packed = row.Pack(problem, weights);
        var definition = reference.Bind(new ConvolutionOperands(batch, input.Address, expected.Address, residual.Address));
        var bound = packed.Bind(new ConvolutionOperands(batch, input.Address, actual.Address, residual.Address));
        parts = Math.Min(parts, bound.MaxParts);
        for (var run = 0; run < 2; run++)
        {
            definition.Run(0, 1);
            System.Threading.Tasks.Parallel.For(0, parts, part => bound.Run(part, parts));
            Comparison.AssertEqual(
                problem.Epilogue.Output, problem.Input == DataType.Float32, expected.Bytes, actual.Bytes,
                $"{bound.KernelName}, run {run}: {this}");
            if (problem.Input != DataType.Float32) _random.NextBytes(input.Bytes);
        }
    }
}
