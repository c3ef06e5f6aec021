using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// Line kernels bound to memory. Bands of lines whose input stays near go past all blocks of channels.
/// </summary>
internal sealed unsafe class BoundLines : BoundKernel
{
    // A part must be worth waking a worker for.
    private const long MinimumWorkPerPart = 100_000;

    private readonly ConvolutionProblem _problem;
    private readonly LinePanels _panels;
    private readonly LineBlock[] _blocks;
    private readonly ConvolutionOperands _operands;
    private readonly LineTable _table;
    private readonly EpilogueConstants _constants;
    private readonly int _lines;
    private readonly int _linesPerBand;

    public BoundLines(
        string row, ConvolutionProblem problem, LinePanels panels, LineBlock[] blocks, ConvolutionOperands operands, LineTable table)
    {
        (_problem, _panels, _blocks, _operands, _table) = (problem, panels, blocks, operands, table);
        KernelName = row;
        _constants = new EpilogueConstants(problem.Epilogue);
        _lines = operands.Batch * problem.OutputHeight;
        var lineBytes = problem.InputWidth * problem.InputChannels * problem.Input.Size() * problem.StrideY;
        _linesPerBand = Math.Max(1, MachineFeatures.Current.Caches.L1Data / 2 / lineBytes);
        var taps = problem.KernelHeight * problem.KernelWidth * (problem.InputChannels / problem.Groups);
        var work = (long)_lines * problem.OutputWidth * problem.OutputChannels * taps;
        MaxParts = (int)Math.Clamp(work / MinimumWorkPerPart, 1, _lines);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        LineArguments arguments;
        SetConstants(&arguments);
        var (first, end) = (Share(part, parts), Share(part + 1, parts));
        for (var line = first; line < end; line += _linesPerBand)
            for (var block = 0; block < _blocks.Length; block++)
                Call(&arguments, line, Math.Min(_linesPerBand, end - line), block);
    }

    private int Share(int part, int parts) => (int)((long)_lines * part / parts);

    private void SetConstants(LineArguments* arguments)
    {
        *arguments = new LineArguments
        {
            TableSkip = _table.LineBytes - (_problem.OutputWidth * _problem.StrideX * _table.Rows * sizeof(long)),
            Lower = _constants.Lower,
            Upper = _constants.Upper,
        };
        new Span<short>(arguments->OutputZeroPoints, 32).Fill((short)_constants.OutputZeroPoint);
    }

    private void Call(LineArguments* arguments, int line, int lines, int block)
    {
        var lineBytes = (nint)_problem.OutputWidth * _problem.OutputChannels * _problem.Epilogue.Output.Size();
        arguments->Table = _table.Line(line);
        arguments->ChannelOffset = _blocks[block].ChannelOffset;
        arguments->Weights = _panels.Weights(block);
        arguments->Bias = _panels.Bias(block);
        arguments->Scale = _panels.Scale(block);
        arguments->Output = _operands.Output + (line * lineBytes) + _blocks[block].OutputOffset;
        arguments->Lines = lines;
        ((delegate* unmanaged[SuppressGCTransition]<LineArguments*, void>)_blocks[block].Kernel.Address)(arguments);
    }
}
