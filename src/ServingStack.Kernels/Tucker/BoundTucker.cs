using System.Runtime.InteropServices;
using ServingStack.Kernels.Convolution;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Kernels.Tucker;

/// <summary>
/// Three convolutions bound to memory. Reduced lines lie in scratch memory; lines that the next band reads again are moved to its start,
/// and only new ones are computed. Each part has scratch memory of its own, and computes whole bands.
/// </summary>
internal sealed unsafe class BoundTucker : BoundKernel
{
    private readonly TuckerProblem _problem;
    private readonly TuckerBands _bands;
    private readonly ConvolutionOperands _operands;
    private readonly Part[] _parts;
    private readonly byte _zeroPoint;
    private readonly BoundTiles _reduceStep;
    private readonly BoundTiles _reduceLine;
    private readonly BoundTiles _expandBand;
    private readonly BoundTiles _expandLine;
    private readonly int _inputLine;
    private readonly int _reducedLine;
    private readonly int _coreLine;
    private readonly int _outputLine;
    private readonly int _residualLine;

    public BoundTucker(string row, TuckerProblem problem, TuckerBands bands, ConvolutionOperands operands, TuckerStages stages)
    {
        (_problem, _bands, _operands, _zeroPoint) = (problem, bands, operands, stages.ZeroPoint);
        var (reduce, core, expand) = (problem.Reduce, problem.Core, problem.Expand);
        _inputLine = reduce.InputWidth * reduce.InputChannels * reduce.Input.Size();
        _reducedLine = core.InputWidth * core.InputChannels * core.Input.Size();
        _coreLine = expand.InputWidth * expand.InputChannels * expand.Input.Size();
        _outputLine = expand.OutputWidth * expand.OutputChannels * expand.Epilogue.Output.Size();
        _residualLine = expand.OutputWidth * expand.OutputChannels * (expand.Epilogue.Residual?.Size() ?? 0);
        _reduceStep = Bind(stages.Reduce, reduce, bands.Step);
        _reduceLine = Bind(stages.Reduce, reduce, lines: 1);
        _expandBand = Bind(stages.Expand, expand, bands.Lines);
        _expandLine = Bind(stages.Expand, expand, lines: 1);
        MaxParts = Math.Min(operands.Batch * bands.Count, CpuQuota.UsableCores);
        _parts = [.. Enumerable.Range(0, MaxParts).Select(_ => new Part(stages.Core, bands, _reducedLine, _coreLine))];
        KernelName = $"{row}_{bands.Lines}_lines_{_parts[0].Core.KernelName}";
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var bands = (long)_operands.Batch * _bands.Count;
        var (first, end) = ((int)(bands * part / parts), (int)(bands * (part + 1) / parts));
        for (var band = first; band < end; band++)
        {
            var (image, index) = Math.DivRem(band, _bands.Count);
            RunBand(_parts[part], image, index, follows: band > first && index > 0);
        }
    }

    private static BoundTiles Bind(TileProduct product, ConvolutionProblem problem, int lines) => new(product, new TileOperands(
        lines * problem.InputWidth, A: 0, problem.InputChannels * problem.Input.Size(), RowOffset: 0,
        problem.InputChannels * problem.Input.Size(), C: 0, problem.OutputChannels * problem.Epilogue.Output.Size(), Residual: 0,
        problem.OutputChannels * (problem.Epilogue.Residual?.Size() ?? 0)));

    private void RunBand(Part part, int image, int band, bool follows)
    {
        var kept = follows ? Math.Max(_bands.InputLines - _bands.Step, 0) : 0;
        if (kept > 0)
            Buffer.MemoryCopy(
                (void*)(part.Reduced + (_bands.Step * (nint)_reducedLine)), (void*)part.Reduced,
                kept * (long)_reducedLine, kept * (long)_reducedLine);
        Reduce(part.Reduced, image, (band * _bands.Step) - _problem.Core.PadTop, kept);
        part.Core.Run(0, 1);
        Expand(part.Cored, image, band * _bands.Lines);
    }

    // Lines above and below the image are padding.
    private void Reduce(nint target, int image, int firstLine, int kept)
    {
        var height = _problem.Reduce.InputHeight;
        var (start, end) = (firstLine + kept, firstLine + _bands.InputLines);
        var (inside, outside) = (Math.Clamp(0, start, end), Math.Clamp(height, start, end));
        inside = Math.Min(inside, outside);
        Fill(target, start - firstLine, inside - firstLine);
        Fill(target, outside - firstLine, end - firstLine);
        for (var line = inside; line < outside;)
        {
            var whole = line + _bands.Step <= outside;
            var source = _operands.Input + ((nint)(((long)image * height) + line) * _inputLine);
            var shift = new TileShift(source, target + ((line - firstLine) * (nint)_reducedLine));
            (whole ? _reduceStep : _reduceLine).RunColumns(shift, 0, 1);
            line += whole ? _bands.Step : 1;
        }
    }

    private void Expand(nint source, int image, int firstLine)
    {
        var height = _problem.Expand.OutputHeight;
        var end = Math.Min(firstLine + _bands.Lines, height);
        for (var line = firstLine; line < end;)
        {
            var whole = line + _bands.Lines <= end;
            var outputLine = (nint)(((long)image * height) + line);
            (whole ? _expandBand : _expandLine).RunColumns(
                new TileShift(
                    source + ((line - firstLine) * (nint)_coreLine), _operands.Output + (outputLine * _outputLine),
                    _operands.Residual + (outputLine * _residualLine)),
                0, 1);
            line += whole ? _bands.Lines : 1;
        }
    }

    private void Fill(nint target, int firstLine, int endLine)
    {
        if (endLine <= firstLine) return;
        var bytes = (nuint)((endLine - firstLine) * (long)_reducedLine);
        NativeMemory.Fill((void*)(target + (firstLine * (nint)_reducedLine)), bytes, _zeroPoint);
    }

    // Scratch memory, and the core bound to it. Its finalizer frees it: bound kernels are not disposed.
    private sealed class Part
    {
        private readonly NativeBuffer _memory;

        public Part(PackedConvolution core, TuckerBands bands, int reducedLine, int coreLine)
        {
            var reducedBytes = (bands.InputLines * (long)reducedLine) + NativeBuffer.Alignment - 1;
            reducedBytes = reducedBytes / NativeBuffer.Alignment * NativeBuffer.Alignment;
            _memory = NewScratch(reducedBytes + (bands.Lines * (long)coreLine));
            Reduced = _memory.Address;
            Cored = Reduced + (nint)reducedBytes;
            Core = core.Bind(new ConvolutionOperands(1, Reduced, Cored));
        }

        public nint Reduced { get; }

        public nint Cored { get; }

        public BoundKernel Core { get; }

        private static NativeBuffer NewScratch(long bytes) => new(bytes);
    }
}
