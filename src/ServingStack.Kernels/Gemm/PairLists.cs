using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Gemm;

/// <summary>The lists of a <see cref="PairSplit"/> in memory, and a table of their addresses.</summary>
internal sealed class PairLists : IDisposable
{
    private readonly NativeBuffer _lists;
    private readonly NativeBuffer _table;

    public PairLists(byte[][] lists)
    {
        _lists = new NativeBuffer(lists.Sum(list => (long)list.Length));
        _table = new NativeBuffer(lists.Length * sizeof(long));
        var at = 0L;
        for (var i = 0; i < lists.Length; i++)
        {
            lists[i].CopyTo(_lists.Span<byte>(at, lists[i].Length));
            _table.Span<long>()[i] = _lists.Address + (nint)at;
            at += lists[i].Length;
        }
    }

    public nint Table(int block) => _table.Address + (block * sizeof(long));

    public void Dispose()
    {
        _lists.Dispose();
        _table.Dispose();
    }
}
