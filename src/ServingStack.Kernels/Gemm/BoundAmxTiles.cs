using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ServingStack.Kernels.Jit;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// A product on AMX tiles bound to memory. As many blocks of rows as stay in the second-level cache go past all columns, a group of columns
/// at a time; they are packed before, unless tiles can be loaded from where the rows lie.
/// </summary>
internal sealed unsafe class BoundAmxTiles : BoundProduct
{
    // Multiply-adds of about a microsecond: a part must be worth waking a worker for, and a call that long worth a transition.
    private const long MicrosecondOfWork = 2_000_000;
    // What packing writes behind the last row, in whole cache lines.
    private const int BehindPacked = 64;
    private const int SumsBytes = TileBlock.MostRows * 2 * 64;

    private readonly AmxProduct _product;
    private readonly TileOperands _operands;
    private readonly AmxRows _rows;
    private readonly int _vectors;
    private readonly int _groups;
    private readonly int _columnMask;
    private readonly int _blocksTogether;
    private readonly int _shortCallBlocks;
    private readonly TileConfiguration _configuration;
    private readonly EmittedKernel _configure = TileConfiguration.Loader();
    private readonly EmittedKernel _release = TileConfiguration.Releaser();
    private readonly EmittedKernel? _packer;

    // For whole groups of columns, and for the last group.
    private readonly EmittedKernel _kernel;
    private readonly EmittedKernel _lastKernel;

    // For each part: the sums of a block, then packed rows.
    private readonly byte[] _scratch;
    private readonly int _partBytes;

    public BoundAmxTiles(AmxProduct product, TileOperands operands, AmxRows rows)
    {
        (_product, _operands, _rows) = (product, operands, rows);
        var (panels, blocks) = (product.Panels, rows.Blocks);
        _vectors = Math.Min(new TileBlock(blocks.BlockRows).MostVectors, panels.Blocks);
        _groups = (panels.Blocks + _vectors - 1) / _vectors;
        var tailColumns = panels.Columns % 16;
        _columnMask = (1 << (tailColumns == 0 ? 16 : tailColumns)) - 1;
        _configuration = TileConfiguration.Of(blocks.BlockRows);
        _lastKernel = product.Kernel(blocks.BlockRows, panels.Blocks - ((_groups - 1) * _vectors), tailColumns != 0, rows.From);
        _kernel = _groups > 1 ? product.Kernel(blocks.BlockRows, _vectors, masked: false, rows.From) : _lastKernel;
        _packer = rows.Packed ? product.Packer(blocks.BlockRows) : null;
        KernelName = product.KernelName(blocks.BlockRows, _vectors);

        _blocksTogether = ChooseBlocksTogether();
        var blockWork = (long)blocks.BlockRows * _vectors * 16 * product.DepthBytes;
        _shortCallBlocks = (int)(MicrosecondOfWork / blockWork);
        MaxParts = (int)Math.Clamp(blocks.Count * _groups * blockWork / MicrosecondOfWork, 1, Math.Max(blocks.Count, _groups));
        _partBytes = checked(SumsBytes + (rows.Packed ? (_blocksTogether * blocks.BlockRows * (int)rows.Stride) + BehindPacked : 0));
        _scratch = GC.AllocateArray<byte>(checked((MaxParts * _partBytes) + NativeBuffer.Alignment), pinned: true);
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var blocks = _rows.Blocks.Count;
        AmxArguments arguments;
        SetConstants(&arguments, part);
        var configuration = _configuration;
        ((delegate* unmanaged[SuppressGCTransition]<TileConfiguration*, void>)_configure.Address)(&configuration);
        if (blocks >= parts) RunBlocks(&arguments, Share(blocks, part, parts), Share(blocks, part + 1, parts), 0, _groups);
        else RunBlocks(&arguments, 0, blocks, Share(_groups, part, parts), Share(_groups, part + 1, parts));
        ((delegate* unmanaged[SuppressGCTransition]<TileConfiguration*, void>)_release.Address)(&configuration);
    }

    public override (int First, int End) RowsOf(int part, int parts)
    {
        var blocks = _rows.Blocks;
        if (blocks.Count < parts) return (0, blocks.Rows);
        var (first, end) = (Share(blocks.Count, part, parts), Share(blocks.Count, part + 1, parts));
        return (blocks.FirstRow(first), blocks.FirstRow(end - 1) + blocks.BlockRows);
    }

    private static int Share(int total, int part, int parts) => (int)((long)total * part / parts);

    // Short packed rows are read again while they are in the first-level cache.
    private int ChooseBlocksTogether()
    {
        var caches = MachineFeatures.Current.Caches;
        var blockBytes = Math.Max(1, (_rows.Packed ? _rows.Stride : _operands.RowFootprint) * _rows.Blocks.BlockRows);
        var near = !_rows.Packed ? caches.L2 / 4 : blockBytes <= caches.L1Data / 3 ? caches.L1Data / 3 : caches.L2 / 8;
        return (int)Math.Clamp(near / blockBytes, 1, _rows.Blocks.Count);
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
            Waiting = TileArguments.Of(constants, _columnMask) with
            {
                StrideA = _rows.Stride,
                StrideC = _operands.StrideC,
                StrideResidual = _operands.StrideResidual,
            },
        };
    }

    private void RunBlocks(AmxArguments* arguments, int first, int end, int group, int endGroup)
    {
        for (var block = first; block < end; block += _blocksTogether)
        {
            var endBlock = Math.Min(block + _blocksTogether, end);
            // A last block that overlaps is a run of its own.
            var last = endBlock == _rows.Blocks.Count && _rows.Blocks.LastOverlaps ? endBlock - 1 : endBlock;
            var (rows, lastRows) = (_rows.Address(block), last < endBlock ? _rows.Address(last) : 0);
            if (_packer is not null)
            {
                rows = Pack(arguments, block, packedBlocks: 0, last - block);
                lastRows = Pack(arguments, last, packedBlocks: last - block, endBlock - last);
            }
            for (var g = group; g < endGroup; g++)
            {
                var kernel = g < _groups - 1 ? _kernel : _lastKernel;
                // Sums that wait have the shape of the kernel that left them.
                if (kernel != _kernel) Finish(arguments, _kernel);
                if (last > block) Multiply(arguments, kernel, block, last - block, g, rows);
                if (last < endBlock) Multiply(arguments, kernel, last, 1, g, lastRows);
                if (kernel != _kernel) Finish(arguments, kernel);
            }
        }
        Finish(arguments, _kernel);
    }

    // Packs blocks behind those that are packed already.
    private nint Pack(AmxArguments* arguments, int block, int packedBlocks, int count)
    {
        if (count == 0) return 0;
        var packing = new AmxPackingArguments
        {
            Source = _rows.Address(block),
            Stride = _operands.StrideA,
            Offset = _operands.RowOffset,
            Target = arguments->Sums + SumsBytes + (packedBlocks * _rows.Blocks.BlockRows * _rows.Stride),
            TargetStride = _rows.Stride,
            Blocks = count,
        };
        var target = packing.Target;
        ((delegate* unmanaged<AmxPackingArguments*, void>)_packer!.Address)(&packing);
        return target;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Multiply(AmxArguments* arguments, EmittedKernel kernel, int block, int count, int group, nint rows)
    {
        var firstColumns = group * _vectors;
        var firstRow = _rows.Blocks.FirstRow(block);
        arguments->Waiting.A = rows;
        arguments->Waiting.B = _product.Panels.Block(firstColumns);
        arguments->Waiting.Bias = _product.Bias(firstColumns);
        arguments->NextScale = _product.Panels.Scale(firstColumns);
        arguments->NextC = _operands.C + (firstRow * _operands.StrideC) + (firstColumns * 16 * _product.OutputBytes);
        arguments->NextResidual = _operands.Residual + (firstRow * _operands.StrideResidual) + (firstColumns * 16 * _product.ResidualBytes);
        Call(kernel, arguments, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(AmxArguments* arguments, EmittedKernel kernel)
    {
        if (arguments->HasWaiting != 0) Call(kernel, arguments, 0);
    }

    // A short call skips the runtime's transition, and with it some nanoseconds; a long one must let the garbage collector go on meanwhile.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Call(EmittedKernel kernel, AmxArguments* arguments, int blocks)
    {
        arguments->Waiting.Tiles = blocks;
        if (blocks <= _shortCallBlocks) ((delegate* unmanaged[SuppressGCTransition]<AmxArguments*, void>)kernel.Address)(arguments);
        else ((delegate* unmanaged<AmxArguments*, void>)kernel.Address)(arguments);
    }
}
