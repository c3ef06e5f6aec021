namespace ServingStack.Kernels.Gemm;

/// <summary>Where a tile kernel finds the addresses of its rows.</summary>
internal enum TileRows
{
    /// <summary>A first row and a stride.</summary>
    Strided,

    /// <summary>A table of addresses: for each tile, for each tap, one address a row.</summary>
    Table,

    /// <summary>A table whose addresses are all moved by the same number of bytes (a group's first channel).</summary>
    OffsetTable,
}
