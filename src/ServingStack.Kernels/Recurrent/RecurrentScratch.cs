using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Recurrent;

/// <summary>What a recurrent layer keeps between its steps, one piece after the other, each at a cache line.</summary>
internal readonly struct RecurrentScratch
{
    public RecurrentScratch(RecurrentProblem problem, int steps, int batch, nint address)
    {
        var state = Round((long)batch * problem.HiddenSize);
        InputGates = address;
        Gates = InputGates + Round((long)steps * batch * problem.GateSize);
        Hidden = Gates + Round((long)batch * problem.GateSize);
        Cell = Hidden + state;
        Quantized = Cell + state;
        Factors = Quantized + Round((long)batch * problem.HiddenSize);
        ByteLength = Factors + Round(batch) - address;
    }

    /// <summary>The input's share of all steps' gates, [steps, batch, gates].</summary>
    public nint InputGates { get; }

    /// <summary>The state's share of one step's gates.</summary>
    public nint Gates { get; }

    public nint Hidden { get; }

    /// <summary>Lstm: the cell. Gru: the state times the reset gate.</summary>
    public nint Cell { get; }

    /// <summary>The state as s8, where it is multiplied so.</summary>
    public nint Quantized { get; }

    /// <summary>What one step of a sequence's s8 is worth, one number a sequence.</summary>
    public nint Factors { get; }

    public long ByteLength { get; }

    private static nint Round(long floats) =>
        (nint)(((floats * sizeof(float)) + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment);
}
