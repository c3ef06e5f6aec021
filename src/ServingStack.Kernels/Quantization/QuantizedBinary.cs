using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Elementwise;
using ServingStack.Kernels.Layout;
using ServingStack.Kernels.Parallel;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Quantization;

/// <summary>
/// Sum and product of two 8-bit tensors with their own scales, to an 8-bit tensor:
/// <c>y = clamp(round_half_even(real(a) op real(b) in output steps) + zero point, clampMin, clampMax)</c>, with numpy broadcasting.
/// u8 and s8 may be mixed.
/// </summary>
public static class QuantizedBinary
{
    /// <param name="clampMin">In output numbers: a fused Relu or Clip; the type's range applies in any case.</param>
    public static BoundKernel BindAdd(
        BinaryOperands operands, QuantizationParameters a, QuantizationParameters b, QuantizationParameters y,
        float clampMin = float.NegativeInfinity, float clampMax = float.PositiveInfinity) =>
        ForA(
            new QuantizedAdd((float)((double)a.Scale / y.Scale), (float)((double)b.Scale / y.Scale)),
            new QuantizedBinaryProblem(operands, a, b, y, clampMin, clampMax));

    /// <inheritdoc cref="BindAdd"/>
    public static BoundKernel BindMul(
        BinaryOperands operands, QuantizationParameters a, QuantizationParameters b, QuantizationParameters y,
        float clampMin = float.NegativeInfinity, float clampMax = float.PositiveInfinity) =>
        ForA(
            new QuantizedMul((float)((double)a.Scale * b.Scale / y.Scale)),
            new QuantizedBinaryProblem(operands, a, b, y, clampMin, clampMax));

    private static BoundKernel ForA<TOp>(TOp op, QuantizedBinaryProblem problem)
        where TOp : struct, IQuantizedOperation
    {
        problem.A.Check();
        problem.B.Check();
        problem.Y.Check();
        return problem.A.Type == DataType.Int8 ? ForB<sbyte, TOp>(op, problem) : ForB<byte, TOp>(op, problem);
    }

    private static BoundKernel ForB<TA, TOp>(TOp op, QuantizedBinaryProblem problem)
        where TA : unmanaged
        where TOp : struct, IQuantizedOperation =>
        problem.B.Type == DataType.Int8 ? ForY<TA, sbyte, TOp>(op, problem) : ForY<TA, byte, TOp>(op, problem);

    private static BoundKernel ForY<TA, TB, TOp>(TOp op, QuantizedBinaryProblem problem)
        where TA : unmanaged
        where TB : unmanaged
        where TOp : struct, IQuantizedOperation => problem.Y.Type == DataType.Int8
            ? new Kernel<TA, TB, sbyte, TOp>(op, problem)
            : new Kernel<TA, TB, byte, TOp>(op, problem);

    private sealed unsafe class Kernel<TA, TB, TY, TOp> : BoundKernel
        where TA : unmanaged
        where TB : unmanaged
        where TY : unmanaged
        where TOp : struct, IQuantizedOperation
    {
        private const int Width = 16;

        private readonly TOp _operation;
        private readonly BinaryOperands _operands;
        private readonly IterationSpace _space;
        private readonly int _zeroA;
        private readonly int _zeroB;
        private readonly int _zeroY;
        private readonly float _low;
        private readonly float _high;

        public Kernel(TOp operation, QuantizedBinaryProblem problem)
        {
            var operands = problem.Operands;
            (_operation, _operands) = (operation, operands);
            (_zeroA, _zeroB, _zeroY) = (problem.A.ZeroPoint, problem.B.ZeroPoint, problem.Y.ZeroPoint);
            _low = MathF.Max(problem.ClampMin, problem.Y.Least) - _zeroY;
            _high = MathF.Min(problem.ClampMax, problem.Y.Most) - _zeroY;
            _space = IterationSpace.Create(
                operands.ShapeY,
                IterationSpace.BroadcastStrides(operands.ShapeA, operands.ShapeY),
                IterationSpace.BroadcastStrides(operands.ShapeB, operands.ShapeY));
            MaxParts = PartRange.MaxParts(_space.Count / Width, _space.Count * 3);
        }

        public override string KernelName { get; } = $"q{TOp.Name}_{KernelNames.Of<TA>()}{KernelNames.Of<TB>()}{KernelNames.Of<TY>()}";

        public override int MaxParts { get; }

        public override void Run(int part, int parts)
        {
            var (start, end) = PartRange.Of(_space.Count, part, parts, 64);
            if (start >= end) return;
            var length = _space.RowLength;
            var (stepA, stepB) = (_space.RowStride(0), _space.RowStride(1));
            var column = start % length;
            var cursor = new Cursor(_space, start / length);
            while (start < end)
            {
                var count = Math.Min(length - column, end - start);
                var a = (TA*)_operands.A + cursor.Offset(0) + (column * stepA);
                var b = (TB*)_operands.B + cursor.Offset(1) + (column * stepB);
                Row(a, stepA != 0, b, stepB != 0, (TY*)_operands.Y + start, count);
                start += count;
                column = 0;
                cursor.Next(_space);
            }
        }

        private void Row(TA* a, bool walksA, TB* b, bool walksB, TY* y, long count)
        {
            // An operand that stands still is loaded once; the other branch is taken for the whole row and costs nothing.
            var va = walksA ? default : Vector512.Create(ByteLanes<TA>.Load(a, 1)[0]);
            var vb = walksB ? default : Vector512.Create(ByteLanes<TB>.Load(b, 1)[0]);
            var operation = _operation;
            long i = 0;
            for (; i <= count - Width; i += Width)
            {
                if (walksA) va = ByteLanes<TA>.Load(a + i);
                if (walksB) vb = ByteLanes<TB>.Load(b + i);
                ByteLanes<TY>.Store(Steps(operation, va, vb), y + i);
            }

            var rest = (int)(count - i);
            if (rest == 0) return;
            if (walksA) va = ByteLanes<TA>.Load(a + i, rest);
            if (walksB) vb = ByteLanes<TB>.Load(b + i, rest);
            ByteLanes<TY>.Store(Steps(operation, va, vb), y + i, rest);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector512<int> Steps(TOp operation, Vector512<int> a, Vector512<int> b)
        {
            var x = operation.Invoke(a - Vector512.Create(_zeroA), b - Vector512.Create(_zeroB));
            x = Vector512.MinNative(Vector512.MaxNative(x, Vector512.Create(_low)), Vector512.Create(_high));
            return VectorMath.RoundToInt32(x) + Vector512.Create(_zeroY);
        }
    }
}
