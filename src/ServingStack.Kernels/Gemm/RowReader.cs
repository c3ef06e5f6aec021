using System.Runtime.Intrinsics;

namespace ServingStack.Kernels.Gemm;

/// <summary>Brings rows of A, wherever they lie, into the contiguous form that managed products multiply.</summary>
internal abstract unsafe class RowReader(DataType type, int zeroPoint)
{
    /// <summary>Writes row <paramref name="row"/>; what lies behind it up to the padded depth stays as it is.</summary>
    public abstract void Read(int row, nint target);

    /// <summary>Copies <paramref name="count"/> elements: floats as they are, bytes as 16-bit numbers without their zero point.</summary>
    protected void Copy(nint source, nint target, int count)
    {
        if (type == DataType.Float32) new ReadOnlySpan<float>((void*)source, count).CopyTo(new Span<float>((void*)target, count));
        else if (type == DataType.UInt8) Widen((byte*)source, (short*)target, count, zeroPoint);
        else Widen((sbyte*)source, (short*)target, count, zeroPoint);
    }

    private static void Widen(byte* source, short* target, int count, int zeroPoint)
    {
        var i = 0;
        for (; i <= count - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var bytes = Vector128.Load(source + i);
            var words = Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes)).AsInt16();
            (words - Vector256.Create((short)zeroPoint)).Store(target + i);
        }
        for (; i < count; i++) target[i] = (short)(source[i] - zeroPoint);
    }

    private static void Widen(sbyte* source, short* target, int count, int zeroPoint)
    {
        var i = 0;
        for (; i <= count - Vector128<sbyte>.Count; i += Vector128<sbyte>.Count)
        {
            var bytes = Vector128.Load(source + i);
            var words = Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));
            (words - Vector256.Create((short)zeroPoint)).Store(target + i);
        }
        for (; i < count; i++) target[i] = (short)(source[i] - zeroPoint);
    }
}

/// <summary>Rows of a matrix.</summary>
internal sealed class MatrixRowReader(GemmProblem problem, GemmOperands operands, int zeroPoint) : RowReader(problem.A, zeroPoint)
{
    public override void Read(int row, nint target) => Copy(operands.A + (row * operands.StrideA), target, problem.K);
}
