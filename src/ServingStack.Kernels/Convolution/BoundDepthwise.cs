using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A depthwise convolution bound to memory. Bands of lines whose input fits the second-level cache go past all channel blocks.
/// </summary>
internal sealed unsafe class BoundDepthwise : BoundKernel
{
    // A part must be worth waking a worker for.
    private const long MinimumWorkPerPart = 100_000;

    private readonly ConvolutionProblem _problem;
    private readonly DepthwisePanels _panels;
    private readonly ConvolutionOperands _operands;
    private readonly DepthwiseTable _table;
    private readonly EpilogueConstants _constants;
    private readonly EmittedKernel _whole;
    private readonly EmittedKernel _last;
    private readonly ulong _channelMask;
    private readonly int _lines;
    private readonly int _linesPerBand;

    public BoundDepthwise(
        string row, ConvolutionProblem problem, DepthwisePanels panels, ConvolutionOperands operands, DepthwiseTable table)
    {
        (_problem, _panels, _operands, _table) = (problem, panels, operands, table);
        KernelName = row;
        _constants = new EpilogueConstants(problem.Epilogue);
        var vectorChannels = problem.Input == DataType.Float32
            ? DepthwiseFloatsEmitter.VectorChannels
            : DepthwiseBytesEmitter.BlockChannels;
        var lastChannels = panels.ChannelsOf(panels.Blocks - 1);
        var tail = lastChannels % vectorChannels;
        _channelMask = tail == 0 ? ulong.MaxValue : (1ul << tail) - 1;
        _last = Kernel((lastChannels + vectorChannels - 1) / vectorChannels, masked: tail != 0);
        _whole = panels.Blocks > 1 ? Kernel(panels.BlockChannels / vectorChannels, masked: false) : _last;
        _lines = operands.Batch * problem.OutputHeight;
        var lineBytes = problem.InputWidth * problem.InputChannels * problem.Input.Size() * problem.StrideY;
        _linesPerBand = Math.Max(1, MachineFeatures.Current.Caches.L2 / 4 / lineBytes);
        var work = (long)_lines * problem.OutputWidth * problem.OutputChannels * problem.KernelHeight * problem.KernelWidth;
        MaxParts = (int)Math.Clamp(work / MinimumWorkPerPart, 1, _lines);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var arguments = ConstantArguments();
        var (first, end) = (Share(part, parts), Share(part + 1, parts));
        for (var line = first; line < end; line += _linesPerBand)
            for (var block = 0; block < _panels.Blocks; block++)
                Call(&arguments, line, Math.Min(_linesPerBand, end - line), block);
    }

    private int Share(int part, int parts) => (int)((long)_lines * part / parts);

    private EmittedKernel Kernel(int vectors, bool masked) => KernelCache.Shared.GetOrEmit(
        new DepthwiseKernelKey
        {
            Arithmetic = TileProduct.Arithmetic(_problem.Input),
            KernelHeight = _problem.KernelHeight,
            KernelWidth = _problem.KernelWidth,
            StrideX = _problem.StrideX,
            DilationX = _problem.DilationX,
            OutputWidth = _problem.OutputWidth,
            Vectors = vectors,
            MaskedChannels = masked,
            Output = _problem.Epilogue.Output,
            ClampsBelow = _constants.ClampsBelow,
            ClampsAbove = _constants.ClampsAbove,
        },
        DepthwiseEmitter.Create);

    private DepthwiseArguments ConstantArguments() => new()
    {
        TableSkip = _table.LineBytes - (_problem.OutputWidth * _problem.StrideX * _problem.KernelHeight * sizeof(long)),
        OutputStride = _problem.OutputChannels * _problem.Epilogue.Output.Size(),
        ChannelMask = _channelMask,
        Lower = _constants.Lower,
        Upper = _constants.Upper,
        OutputZeroPoint = _constants.OutputZeroPoint,
    };

    private void Call(DepthwiseArguments* arguments, int line, int lines, int block)
    {
        var channel = block * _panels.BlockChannels;
        var output = _problem.Epilogue.Output.Size();
        arguments->Table = _table.Line(line);
        arguments->ChannelOffset = channel * _problem.Input.Size();
        arguments->Weights = _panels.Weights(block);
        arguments->Bias = _panels.Bias(block);
        arguments->Scale = _panels.Scale(block);
        arguments->Output = _operands.Output + ((((nint)line * _problem.OutputWidth * _problem.OutputChannels) + channel) * output);
        arguments->Lines = lines;
        var kernel = block == _panels.Blocks - 1 ? _last : _whole;
        ((delegate* unmanaged[SuppressGCTransition]<DepthwiseArguments*, void>)kernel.Address)(arguments);
    }
}
