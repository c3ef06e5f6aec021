using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>
/// Outliers in the order their kernel reads them: blocks of 16 columns; for each column how many groups of four words there are; then the
/// groups of all columns, each column filled up with words that add zero.
/// </summary>
internal sealed class OutlierPanels : IDisposable
{
    public const int GroupWords = 4;
    public const int BlockColumns = 16;

    private readonly NativeBuffer _memory;
    private readonly int[] _blockStarts;

    public OutlierPanels(LowBitProblem problem, ReadOnlySpan<Outlier> outliers)
    {
        var columns = LowBitColumns.Of(problem, outliers);
        var blocks = (problem.N + BlockColumns - 1) / BlockColumns;
        _blockStarts = new int[blocks];
        var words = new List<uint>();
        for (var block = 0; block < blocks; block++)
        {
            _blockStarts[block] = words.Count;
            var ofBlock = columns.Skip(block * BlockColumns).Take(BlockColumns).ToArray();
            for (var j = 0; j < BlockColumns; j++) words.Add(j < ofBlock.Length ? (uint)Groups(ofBlock[j]) : 0);
            foreach (var column in ofBlock)
            {
                words.AddRange(column);
                for (var i = column.Length; i < Groups(column) * GroupWords; i++) words.Add(0);
            }
        }
        _memory = new NativeBuffer((long)words.Count * sizeof(uint));
        words.ToArray().CopyTo(_memory.Span<uint>());
    }

    public nint Block(int block) => _memory.Address + ((nint)_blockStarts[block] * sizeof(uint));

    public void Dispose() => _memory.Dispose();

    private static int Groups(uint[] column) => (column.Length + GroupWords - 1) / GroupWords;
}
