namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A grouped convolution cut into blocks of 16 output channels, or 32 for depthwise, and what each number of a block's vectors stands for:
/// factor <c>f</c> is one multiply-add a tap, and position <c>i</c> of its weights belongs to an output channel and one unit of its inputs.
/// </summary>
internal sealed class GroupedLayout
{
    public const int VectorOutputs = 16;

    private const int DepthwiseVectors = 2;

    // Beyond, one group alone keeps the tiles of a dense convolution busy.
    private const int MostBytes = 16;
    private const int MostKernelColumns = 11;

    private readonly ConvolutionProblem _problem;
    private readonly int _groupInputs;
    private readonly int _groupOutputs;
    private readonly bool _bytes;

    public GroupedLayout(ConvolutionProblem problem)
    {
        _problem = problem;
        _bytes = problem.Input != DataType.Float32;
        (_groupInputs, _groupOutputs) = (problem.InputChannels / problem.Groups, problem.OutputChannels / problem.Groups);
        Scheme = Choose(_bytes, _groupInputs, _groupOutputs)!.Value;
        Blocks = Scheme == GroupedScheme.Broadcast
            ? problem.Groups * BlocksPerGroup
            : (problem.OutputChannels + BlockOutputs - 1) / BlockOutputs;
    }

    public GroupedScheme Scheme { get; }

    public int Blocks { get; }

    /// <summary>Elements of one unit.</summary>
    public int UnitElements => _bytes ? 4 : 1;

    /// <summary>Units of one group, and multiply-adds a tap for 16 outputs.</summary>
    public int Factors => Scheme == GroupedScheme.Depthwise ? DepthwiseVectors : _groupInputs / UnitElements;

    /// <summary>Registers of partial sums a pixel.</summary>
    public int Sums => Scheme == GroupedScheme.Broadcast ? 1 : Factors;

    private int BlockOutputs => Scheme == GroupedScheme.Depthwise ? DepthwiseVectors * VectorOutputs : VectorOutputs;

    private int BlocksPerGroup => (_groupOutputs + BlockOutputs - 1) / BlockOutputs;

    /// <summary>Why line kernels cannot do a problem, or null.</summary>
    public static string? Refuses(ConvolutionProblem problem)
    {
        if (problem.Groups == 1) return "takes more than one group";
        var (inputs, outputs) = (problem.InputChannels / problem.Groups, problem.OutputChannels / problem.Groups);
        if (Choose(problem.Input != DataType.Float32, inputs, outputs) is null) return $"takes no groups of {inputs} to {outputs} channels";
        return problem.KernelWidth > MostKernelColumns ? $"takes at most {MostKernelColumns} kernel columns" : null;
    }

    /// <summary>A block's first input channel.</summary>
    public int FirstInput(int block) => Scheme == GroupedScheme.Broadcast ? block / BlocksPerGroup * _groupInputs : block * BlockOutputs;

    /// <summary>A block's first output channel.</summary>
    public int FirstOutput(int block) => Scheme == GroupedScheme.Broadcast
        ? (block / BlocksPerGroup * _groupOutputs) + (block % BlocksPerGroup * BlockOutputs)
        : block * BlockOutputs;

    /// <summary>Output channels of a block.</summary>
    public int Outputs(int block) => Math.Min(
        BlockOutputs,
        Scheme == GroupedScheme.Broadcast
            ? _groupOutputs - (block % BlocksPerGroup * BlockOutputs)
            : _problem.OutputChannels - (block * BlockOutputs));

    /// <summary>The output channel, within its block, and the unit, within its group, of a position.</summary>
    public (int Output, int Unit) At(int factor, int position)
    {
        if (Scheme == GroupedScheme.Broadcast) return (position, factor);
        if (Scheme == GroupedScheme.Depthwise) return ((factor * VectorOutputs) + position, 0);
        if (Scheme == GroupedScheme.Channels)
            return ((position / _groupInputs * _groupOutputs) + factor, position % _groupInputs);
        var (lane, place) = Math.DivRem(position, 4);
        return ((place / Factors * _groupOutputs) + (factor * 4) + lane, place % Factors);
    }

    /// <summary>
    /// The output channel, within its block, of a position once the partial sums of scheme <see cref="GroupedScheme.Lanes"/> are added; the
    /// other schemes end in order.
    /// </summary>
    public static int LaneOutputAt(int factors, int position)
    {
        // Two sums of two units each end as lane: group 0 and 1 of the first, group 0 and 1 of the second.
        var (lane, place) = Math.DivRem(position, 4);
        return factors == 1 ? (place * 4) + lane : (place % 2 * 8) + (place / 2 * 4) + lane;
    }

    private static GroupedScheme? Choose(bool bytes, int inputs, int outputs)
    {
        if (!bytes && inputs == 1 && outputs == 1) return GroupedScheme.Depthwise;
        if (!bytes) return inputs == outputs && inputs is 4 or 8 ? GroupedScheme.Channels : null;
        if (inputs == outputs && inputs is 4 or 8) return GroupedScheme.Lanes;
        return inputs is 12 or MostBytes && outputs >= VectorOutputs / 2 ? GroupedScheme.Broadcast : null;
    }
}
