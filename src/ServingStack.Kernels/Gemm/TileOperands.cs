namespace ServingStack.Kernels.Gemm;

/// <summary>Where a bound tile product reads and writes.</summary>
/// <param name="Rows">Rows of the whole product.</param>
/// <param name="A">The first row, or the table of row addresses.</param>
/// <param name="StrideA">Bytes between rows; not used with a table.</param>
/// <param name="RowOffset">Bytes added to each address of the table.</param>
/// <param name="RowFootprint">Bytes of memory that one more row brings into the cache, for blocking.</param>
internal readonly record struct TileOperands(
    int Rows, nint A, nint StrideA, nint RowOffset, int RowFootprint, nint C, nint StrideC, nint Residual, nint StrideResidual);

/// <summary>Bytes by which a run's rows lie elsewhere than they were bound; for scratch memory that is only known when running.</summary>
internal readonly record struct TileShift(nint A, nint C, nint Residual = 0);
