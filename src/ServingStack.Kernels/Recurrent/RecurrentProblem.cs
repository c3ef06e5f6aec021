namespace ServingStack.Kernels.Recurrent;

/// <summary>Which cell is unrolled over the steps of a sequence.</summary>
public enum RecurrentCell
{
    /// <summary>Gates in ONNX order: input, output, forget, cell.</summary>
    Lstm,

    /// <summary>Gates in ONNX order: update, reset, hidden.</summary>
    Gru,
}

/// <summary>One direction of an ONNX LSTM or GRU: sigmoid gates, tanh elsewhere; no clipping, no peepholes, whole sequences.</summary>
/// <param name="InputSize">Numbers of a step's input, 1 or more.</param>
/// <param name="HiddenSize">Numbers of the state, 1 or more.</param>
public sealed record RecurrentProblem(RecurrentCell Cell, int InputSize, int HiddenSize)
{
    /// <summary>From the last step to the first.</summary>
    public bool Reverse { get; init; }

    /// <summary>Gru: the reset gate is applied to the product of the state, not to the state before it is multiplied.</summary>
    public bool LinearBeforeReset { get; init; }

    /// <summary>
    /// The recurrent weights are rounded to 8 bits, with a scale for each gate of each state; so is the state before each product, with a
    /// scale for each sequence and step. A quarter of the bytes per step, for an error of about one part in 200 of the largest state.
    /// </summary>
    public bool QuantizedState { get; init; }

    /// <summary>Numbers of all gates of a state.</summary>
    public int GateSize => (Cell == RecurrentCell.Lstm ? 4 : 3) * HiddenSize;

    /// <exception cref="ArgumentException">Weights of another size.</exception>
    internal void Check(RecurrentWeights weights)
    {
        if (InputSize < 1 || HiddenSize < 1)
            throw new ArgumentException($"{Cell} from {InputSize} to {HiddenSize} numbers: expected 1 or more of each.");
        CheckLength(weights.W.Length, GateSize * InputSize, "input weights");
        CheckLength(weights.R.Length, GateSize * HiddenSize, "recurrent weights");
        if (weights.Bias.Length > 0) CheckLength(weights.Bias.Length, 2 * GateSize, "biases");
    }

    private void CheckLength(int found, int expected, string what)
    {
        if (found != expected) throw new ArgumentException($"{Cell} of {HiddenSize}: {found} {what}; {expected} are expected.");
    }
}
