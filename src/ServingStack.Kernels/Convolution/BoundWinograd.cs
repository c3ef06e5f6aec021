using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Convolution;

/// <summary>
/// A Winograd convolution bound to memory: a block of tiles at a time is brought to the points, multiplied there, and brought back, so
/// that neither side of the products gets far from the second-level cache. Scratch memory is the running thread's.
/// </summary>
internal sealed unsafe class BoundWinograd<TTransform> : BoundKernel
    where TTransform : struct, IWinogradTransform
{
    // Multiply-adds of about ten microseconds.
    private const long LeastWorkPerPart = 500_000;

    // Weights that stay in the second-level cache can be read for few tiles at a time; others must be worth their way.
    private const int TilesForNearWeights = 24;
    private const int TilesForFarWeights = 72;

    // From so many blocks a part on, the parts' shares of whole blocks are even enough.
    private const int EvenBlocks = 4;

    private readonly WinogradTiles _tiles;
    private readonly WinogradPlanes _inputs;
    private readonly WinogradPlanes _products;
    private readonly WinogradInput<TTransform> _input;
    private readonly WinogradOutput<TTransform> _output;
    private readonly int _blocks;
    private readonly int _tilesPerBlock;

    // For each point; the last block may be smaller.
    private readonly BoundTiles[] _whole;
    private readonly BoundTiles[] _last;

    public BoundWinograd(ConvolutionProblem problem, ConvolutionOperands operands, TileProduct[] points, float[] bias)
    {
        _tiles = new WinogradTiles(problem, TTransform.Outputs, operands.Batch);
        (_blocks, _tilesPerBlock) = Cut(problem, _tiles.Count, points.Length * sizeof(float));
        _inputs = new WinogradPlanes(points.Length, _tilesPerBlock, problem.InputChannels);
        _products = new WinogradPlanes(points.Length, _tilesPerBlock, problem.OutputChannels);
        _input = new WinogradInput<TTransform>(_tiles, _inputs, operands.Input);
        _output = new WinogradOutput<TTransform>(_tiles, _products, operands, bias);
        _whole = Bind(points, _tilesPerBlock);
        _last = Bind(points, _tiles.Count - ((_blocks - 1) * _tilesPerBlock));
        KernelName = _whole[0].KernelName;
        var work = (long)_tiles.Count * points.Length * problem.InputChannels * problem.OutputChannels;
        MaxParts = (int)Math.Clamp(work / LeastWorkPerPart, 1, Math.Max(_blocks, _whole[0].ColumnParts));
    }

    public override string KernelName { get; }

    public override int MaxParts { get; }

    public override void Run(int part, int parts)
    {
        var inputs = ThreadScratch.Take(_inputs.Bytes + _products.Bytes);
        var shift = new TileShift(inputs, inputs + (nint)_inputs.Bytes);
        if (_blocks < EvenBlocks * parts && parts <= _whole[0].ColumnParts)
            for (var block = 0; block < _blocks; block++) RunBlock(block, shift, part, parts);
        else
            for (var block = Share(part, parts); block < Share(part + 1, parts); block++) RunBlock(block, shift, 0, 1);
    }

    private static (int Blocks, int TilesPerBlock) Cut(ConvolutionProblem problem, int tiles, int pointBytes)
    {
        var cache = MachineFeatures.Current.Caches.L2;
        var weights = (long)problem.InputChannels * problem.OutputChannels * pointBytes;
        var fitting = cache / 4 / ((problem.InputChannels + problem.OutputChannels) * pointBytes);
        var most = Math.Max(fitting, weights > cache ? TilesForFarWeights : TilesForNearWeights);
        var blocks = (tiles + most - 1) / most;
        return (blocks, (tiles + blocks - 1) / blocks);
    }

    private int Share(int part, int parts) => (int)((long)_blocks * part / parts);

    // Each point has weights of its own: while one is multiplied, the next one's come.
    private BoundTiles[] Bind(TileProduct[] points, int tiles)
    {
        var far = points.Length * (long)points[0].Panels.ByteLength > MachineFeatures.Current.Caches.L2;
        return
        [
            .. points.Select((product, point) => new BoundTiles(product, new TileOperands(
                tiles, point * _inputs.PlaneStep * sizeof(float), _inputs.RowStep * sizeof(float), RowOffset: 0,
                _inputs.RowStep * sizeof(float),
                point * _products.PlaneStep * sizeof(float), _products.RowStep * sizeof(float), Residual: 0, StrideResidual: 0),
                far ? points[(point + 1) % points.Length] : null)),
        ];
    }

    // Where there are few blocks, each part brings all tiles to the points, and multiplies a share of the columns.
    private void RunBlock(int block, TileShift shift, int columnPart, int columnParts)
    {
        var products = block == _blocks - 1 ? _last : _whole;
        var first = block * _tilesPerBlock;
        var end = Math.Min(first + _tilesPerBlock, _tiles.Count);
        _input.Run(first, end, (float*)shift.A);
        foreach (var product in products) product.RunColumns(shift, columnPart, columnParts);
        _output.Run(first, end, products[0].ColumnsOf(columnPart, columnParts), (float*)shift.C);
    }
}
