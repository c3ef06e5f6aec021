using System.Runtime.CompilerServices;

namespace ServingStack.Kernels.Recurrent;

/// <summary>The loop over steps; what a step does with its gates is the cell's.</summary>
internal abstract unsafe class RecurrentKernel(
    RecurrentProblem problem, RecurrentOperands operands, RecurrentScratch scratch, BoundKernel? input, BoundKernel? state) : BoundKernel
{
    protected const int Width = 16;

    public override string KernelName { get; } =
        $"{problem.Cell.ToString().ToLowerInvariant()}_f32{(problem.Reverse ? "_reverse" : "")}";

    protected int Hidden => problem.HiddenSize;

    public override void Run(int part, int parts)
    {
        input?.Run(0, 1);
        Start(operands.InitialHidden, scratch.Hidden);
        Start(operands.InitialCell, scratch.Cell);
        for (var i = 0; i < operands.Steps; i++) Step(problem.Reverse ? operands.Steps - 1 - i : i);
        End(scratch.Hidden, operands.FinalHidden);
        End(scratch.Cell, operands.FinalCell);
    }

    /// <summary>Between the products and the pass: what needs the gates of all sequences.</summary>
    protected virtual void Prepare(float* inputGates, float* gates, float* hidden, float* cell, int batch)
    {
    }

    /// <summary>
    /// The new state of one sequence, from the input's and the state's shares of its gates, into <paramref name="hidden"/>,
    /// <paramref name="y"/> (the same where no output is wanted) and <paramref name="cell"/>.
    /// </summary>
    protected abstract void Pass(float* inputGates, float* gates, float* hidden, float* cell, float* y);

    private void Step(int step)
    {
        state?.Run(0, 1);
        var (gateSize, batch) = (problem.GateSize, operands.Batch);
        var inputGates = (float*)scratch.InputGates + ((long)step * batch * gateSize);
        var gates = (float*)scratch.Gates;
        var hidden = (float*)scratch.Hidden;
        var cell = (float*)scratch.Cell;
        Prepare(inputGates, gates, hidden, cell, batch);
        var y = operands.Y == 0 ? hidden : (float*)(operands.Y + (step * operands.StrideY));
        for (var n = 0; n < batch; n++)
        {
            Pass(inputGates, gates, hidden, cell, y);
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
