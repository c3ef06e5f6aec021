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

    // Entering a kernel costs as much as some pixels.
    private const int FewestLines = 4;

    private readonly ConvolutionProblem _problem;
    private readonly LinePanels _panels;
    private readonly LineRun[] _runs;
    private readonly ConvolutionOperands _operands;
    private readonly LineTable _table;
    private readonly EpilogueConstants _constants;
    private readonly int _lines;
    private readonly int _linesPerBand;

    public BoundLines(
        string row, ConvolutionProblem problem, LinePanels panels, LineBlock[] blocks, ConvolutionOperands operands, LineTable table)
    {
        (_problem, _panels, _operands, _table) = (problem, panels, operands, table);
        _runs = LineRun.Of(blocks);
        KernelName = row;
        _constants = new EpilogueConstants(problem.Epilogue);
        _lines = operands.Batch * problem.OutputLines;
        var lineBytes = problem.InputWidth * problem.InputChannels * problem.Input.Size() * problem.StrideY;
        _linesPerBand = Math.Max(FewestLines, MachineFeatures.Current.Caches.L1Data / lineBytes);
        var taps = problem.KernelPixels * (problem.InputChannels / problem.Groups);
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
            foreach (var run in _runs)
                Call(&arguments, line, Math.Min(_linesPerBand, end - line), run);
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

    private void Call(LineArguments* arguments, int line, int lines, in LineRun run)
    {
        var lineBytes = (nint)_problem.OutputWidth * _problem.OutputChannels * _problem.Epilogue.Output.Size();
        arguments->Table = _table.Line(line);
        arguments->ChannelOffset = run.First.ChannelOffset;
        arguments->ChannelStep = run.ChannelStep;
        arguments->Panel = _panels.Block(run.FirstBlock);
        arguments->Output = _operands.Output + (line * lineBytes) + run.First.OutputOffset;
        arguments->OutputStep = run.OutputStep;
        arguments->Lines = lines;
        arguments->Blocks = run.Blocks;
        ((delegate* unmanaged[SuppressGCTransition]<LineArguments*, void>)run.Kernel.Address)(arguments);
    }
}
