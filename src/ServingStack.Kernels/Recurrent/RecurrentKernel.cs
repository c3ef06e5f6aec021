using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ServingStack.Kernels.Vectors;

namespace ServingStack.Kernels.Recurrent;

/// <summary>The loop over steps; what a step does with its gates is the cell's.</summary>
internal abstract unsafe class RecurrentKernel(
    RecurrentProblem problem, RecurrentOperands operands, RecurrentScratch scratch, BoundKernel? input, BoundKernel? state) : BoundKernel
{
    protected const int Width = 16;

    public override string KernelName { get; } =
        $"{problem.Cell.ToString().ToLowerInvariant()}_{(problem.QuantizedState ? "s8" : "f32")}{(problem.Reverse ? "_reverse" : "")}";

    protected int Hidden => problem.HiddenSize;

    public override void Run(int part, int parts)
    {
        input?.Run(0, 1);
        Start(operands.InitialHidden, scratch.Hidden);
        Start(operands.InitialCell, scratch.Cell);
        new Span<float>((float*)scratch.Factors, operands.Batch).Fill(1);
        for (var i = 0; i < operands.Steps; i++) Step(problem.Reverse ? operands.Steps - 1 - i : i);
        End(scratch.Hidden, operands.FinalHidden);
        End(scratch.Cell, operands.FinalCell);
    }

    /// <summary>Between the products and the pass: what needs the gates of all sequences.</summary>
    protected virtual void Prepare(float* inputGates, float* gates, float* hidden, float* cell, float* factors, int batch)
    {
    }

    /// <summary>
    /// The new state of one sequence, from the input's and the state's shares of its gates, into <paramref name="hidden"/>,
    /// <paramref name="y"/> (the same where no output is wanted) and <paramref name="cell"/>. The state's share counts in units of
    /// <paramref name="unit"/>.
    /// </summary>
    protected abstract void Pass(float* inputGates, float* gates, float unit, float* hidden, float* cell, float* y);

    /// <summary>Rounds what is to be multiplied to s8, where it is multiplied so; its unit goes to the scratch memory.</summary>
    protected void Quantize(float* states, int batch)
    {
        if (!problem.QuantizedState) return;
        for (var n = 0; n < batch; n++)
            ((float*)scratch.Factors)[n] = StateQuantizer.Run(states + ((long)n * Hidden), (sbyte*)scratch.Quantized + ((long)n * Hidden), Hidden);
    }

    /// <summary>Sixteen gates before their function: the input's share plus the state's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static Vector512<float> Gate(float* input, float* state, Vector512<float> factor, int lanes) =>
        Vector512.FusedMultiplyAdd(Lanes.Load(state, lanes), factor, Lanes.Load(input, lanes));

    private void Step(int step)
    {
        var (gateSize, batch) = (problem.GateSize, operands.Batch);
        Quantize((float*)scratch.Hidden, batch);
        state?.Run(0, 1);
        var inputGates = (float*)scratch.InputGates + ((long)step * batch * gateSize);
        var gates = (float*)scratch.Gates;
        var hidden = (float*)scratch.Hidden;
        var cell = (float*)scratch.Cell;
        var units = (float*)scratch.Factors;
        Prepare(inputGates, gates, hidden, cell, units, batch);
        var y = operands.Y == 0 ? hidden : (float*)(operands.Y + (step * operands.StrideY));
        for (var n = 0; n < batch; n++)
        {
            Pass(inputGates, gates, units[n], hidden, cell, y);
            inputGates += gateSize;
            gates += gateSize;
            hidden += Hidden;
            cell += Hidden;
            y += Hidden;
        }
    }

    private void Start(nint from, nint to)
    {
        var bytes = (uint)(operands.Batch * Hidden * sizeof(float));
        if (from == 0) Unsafe.InitBlockUnaligned((void*)to, 0, bytes);
        else Unsafe.CopyBlockUnaligned((void*)to, (void*)from, bytes);
    }

    private void End(nint from, nint to)
    {
        if (to != 0) Unsafe.CopyBlockUnaligned((void*)to, (void*)from, (uint)(operands.Batch * Hidden * sizeof(float)));
    }
}
