using System.Runtime.InteropServices;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A product on AMX tiles bound to memory. A few blocks of rows at a time go past all columns; they are packed before, unless tiles can be
/// loaded from where the rows lie.
/// </summary>
internal sealed unsafe class BoundAmxTiles : BoundKernel
{
    // Multiply-adds of about a microsecond: a part must be worth waking a worker for, and a call that long worth a transition.
    private const long MicrosecondOfWork = 2_000_000;
    private const int SumsBytes = TileBlock.MostRows * 2 * 64;

    private readonly AmxProduct _product;
    private readonly TileOperands _operands;
    private readonly AmxRows _rows;
    private readonly int _vectors;
    private readonly int _groups;
    private readonly int _columnMask;
    private readonly int _blocksTogether;
    private readonly int _shortCallBlocks;
    private readonly EmittedKernel _configure = TileConfiguration.Loader();
    private readonly EmittedKernel? _packer;
    private readonly Code _large;
    private readonly Code _small;

    // For each part: the sums of a block, then packed rows.
    private readonly byte[] _scratch;
    private readonly int _partBytes;

    public BoundAmxTiles(AmxProduct product, TileOperands operands, AmxRows rows)
    {
        (_product, _operands, _rows) = (product, operands, rows);
        var panels = product.Panels;
        _vectors = Math.Min(new TileBlock(rows.Blocks.LargeRows).MostVectors, panels.Blocks);
        _groups = (panels.Blocks + _vectors - 1) / _vectors;
        var tailColumns = panels.Columns % 16;
        _columnMask = (1 << (tailColumns == 0 ? 16 : tailColumns)) - 1;
        _large = new Code(this, rows.Blocks.LargeRows, tailColumns != 0);
        _small = rows.Blocks.SmallCount > 0 ? new Code(this, rows.Blocks.SmallRows, tailColumns != 0) : _large;
        _blocksTogether = ChooseBlocksTogether();
        KernelName = product.KernelName(rows.Blocks.LargeRows, _vectors);
        var blockWork = (long)rows.Blocks.LargeRows * _vectors * 16 * product.DepthBytes;
        _shortCallBlocks = (int)(MicrosecondOfWork / blockWork);
        MaxParts = (int)Math.Clamp(
            rows.Blocks.Count * _groups * blockWork / MicrosecondOfWork, 1, Math.Max(rows.Blocks.Count, _groups));
        _packer = rows.Packed ? product.Packer() : null;
        _partBytes = checked(SumsBytes + (rows.Packed ? _blocksTogether * rows.Blocks.LargeRows * (int)rows.Stride : 0));
        _scratch = GC.AllocateArray<byte>(checked((MaxParts * _partBytes) + NativeBuffer.Alignment), pinned: true);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var blocks = _rows.Blocks;
        var byRows = blocks.Count >= parts;
        var (first, end) = byRows ? (Share(blocks.Count, part, parts), Share(blocks.Count, part + 1, parts)) : (0, blocks.Count);
        var (group, endGroup) = byRows ? (0, _groups) : (Share(_groups, part, parts), Share(_groups, part + 1, parts));
        AmxArguments arguments;
        SetConstants(&arguments, part);
        var firstSmall = Math.Clamp(blocks.LargeCount, first, end);
        if (firstSmall > first) RunBlocks(&arguments, _large, first, firstSmall, group, endGroup);
        if (end > firstSmall) RunBlocks(&arguments, _small, firstSmall, end, group, endGroup);
        var none = default(TileConfiguration);
        Configure(&none);
    }

    /// <summary>The rows that a part computes, for whoever must prepare their inputs.</summary>
    public (int First, int End) RowsOf(int part, int parts) => _rows.Blocks.Count < parts
        ? (0, _operands.Rows)
        : (_rows.Blocks.FirstRow(Share(_rows.Blocks.Count, part, parts)), _rows.Blocks.FirstRow(Share(_rows.Blocks.Count, part + 1, parts)));

    private static int Share(int total, int part, int parts) => (int)((long)total * part / parts);

    // Few blocks stay in the first-level cache while all columns go past, and fill whole lines of output. Columns that do not stay in the
    // second-level cache must not go past often.
    private int ChooseBlocksTogether()
    {
        var caches = MachineFeatures.Current.Caches;
        var rowBytes = _rows.Packed ? (long)_rows.Stride : _operands.RowFootprint;
        var near = _product.Panels.ByteLength <= caches.L2 / 2 ? caches.L1Data * 2 / 3 : caches.L2 / 4;
        return (int)Math.Clamp(near / Math.Max(1, rowBytes * _rows.Blocks.LargeRows), 1, _rows.Blocks.Count);
    }

    private nint Scratch(int part)
    {
        var start = Marshal.UnsafeAddrOfPinnedArrayElement(_scratch, 0) + NativeBuffer.Alignment - 1;
        return (start & -NativeBuffer.Alignment) + (part * _partBytes);
    }

    private void SetConstants(AmxArguments* arguments, int part)
    {
        var constants = _product.Tiles.Constants;
        *arguments = new AmxArguments
        {
            Sums = Scratch(part),
            Waiting = new TileArguments
            {
                StrideA = _rows.Stride,
                StrideC = _operands.StrideC,
                StrideResidual = _operands.StrideResidual,
                Lower = constants.Lower,
                Upper = constants.Upper,
                ResidualScale = constants.ResidualScale,
                ResidualZeroPoint = constants.ResidualZeroPoint,
                ColumnMask = _columnMask,
            },
        };
        new Span<short>(arguments->Waiting.OutputZeroPoints, 32).Fill((short)constants.OutputZeroPoint);
    }

    private void RunBlocks(AmxArguments* arguments, Code code, int first, int end, int group, int endGroup)
    {
        var configuration = code.Configuration;
        Configure(&configuration);
        for (var block = first; block < end; block += _blocksTogether)
        {
            var count = Math.Min(_blocksTogether, end - block);
            var rows = _packer is null ? _rows.Address(block) : Pack(arguments, code, block, count);
            for (var g = group; g < endGroup; g++) Multiply(arguments, code, block, count, g, rows);
        }
        Finish(arguments, code.Whole);
    }

    private nint Pack(AmxArguments* arguments, Code code, int block, int count)
    {
        var packing = new AmxPackingArguments
        {
            Source = _rows.Address(block),
            Stride = _operands.StrideA,
            Offset = _operands.RowOffset,
            Target = arguments->Sums + SumsBytes,
            TargetStride = _rows.Stride,
            Rows = code.Rows,
            Blocks = count,
        };
        ((delegate* unmanaged<AmxPackingArguments*, void>)_packer!.Address)(&packing);
        return packing.Target;
    }

    private void Multiply(AmxArguments* arguments, Code code, int block, int count, int group, nint rows)
    {
        var kernel = group == _groups - 1 ? code.Last : code.Whole;
        // Sums that wait have the shape of the kernel that left them.
        if (kernel != code.Whole) Finish(arguments, code.Whole);
        var firstColumns = group * _vectors;
        var firstRow = _rows.Blocks.FirstRow(block);
        arguments->Waiting.A = rows;
        arguments->Waiting.B = _product.Panels.Block(firstColumns);
        arguments->Waiting.Bias = _product.Bias(firstColumns);
        arguments->NextScale = _product.Panels.Scale(firstColumns);
        arguments->NextC = _operands.C + (firstRow * _operands.StrideC) + (firstColumns * 16 * _product.Tiles.Epilogue.Output.Size());
        if (_product.Tiles.Epilogue.Residual is { } residual)
            arguments->NextResidual = _operands.Residual + (firstRow * _operands.StrideResidual) + (firstColumns * 16 * residual.Size());
        Call(kernel, arguments, count);
        if (kernel != code.Whole) Finish(arguments, kernel);
    }

    private void Finish(AmxArguments* arguments, EmittedKernel kernel)
    {
        if (arguments->HasWaiting != 0) Call(kernel, arguments, 0);
    }

    private void Configure(TileConfiguration* configuration) =>
        ((delegate* unmanaged[SuppressGCTransition]<TileConfiguration*, void>)_configure.Address)(configuration);

    // A short call skips the runtime's transition, and with it some nanoseconds; a long one must let the garbage collector go on meanwhile.
    private void Call(EmittedKernel kernel, AmxArguments* arguments, int blocks)
    {
        arguments->Waiting.Tiles = blocks;
        if (blocks <= _shortCallBlocks) ((delegate* unmanaged[SuppressGCTransition]<AmxArguments*, void>)kernel.Address)(arguments);
        else ((delegate* unmanaged<AmxArguments*, void>)kernel.Address)(arguments);
    }

    /// <summary>Code for blocks of that many rows: for whole groups of columns, and for the last group.</summary>
    private sealed class Code
    {
        public Code(BoundAmxTiles bound, int rows, bool masked)
        {
            var lastVectors = bound._product.Panels.Blocks - ((bound._groups - 1) * bound._vectors);
            Rows = rows;
            Last = bound._product.Kernel(rows, lastVectors, masked, bound._rows.From);
            Whole = bound._groups > 1 ? bound._product.Kernel(rows, bound._vectors, masked: false, bound._rows.From) : Last;
            Configuration = TileConfiguration.Of(rows);
        }

        public int Rows { get; }

        public EmittedKernel Whole { get; }

        public EmittedKernel Last { get; }

        public TileConfiguration Configuration { get; }
    }
}
