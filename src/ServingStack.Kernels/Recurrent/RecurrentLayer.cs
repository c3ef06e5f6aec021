using System.Runtime.InteropServices;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Kernels.Recurrent;

/// <summary>
/// A direction of an ONNX LSTM or GRU with packed weights, shared by all bindings. The inputs of all steps are multiplied as one matrix
/// before the first step; each step multiplies the state, and then makes all gates and the new state in one pass.
/// </summary>
public sealed class RecurrentLayer : IDisposable
{
    private readonly PackedGemm _input;
    private readonly PackedGemm _state;
    private readonly PackedGemm? _candidate;
    private readonly float[] _innerBias;

    /// <param name="problem">What is computed.</param>
    /// <param name="weights">Copied.</param>
    /// <param name="highest">The level to be held to; null takes the machine's.</param>
    /// <exception cref="ArgumentException">Weights that do not fit the problem.</exception>
    public RecurrentLayer(RecurrentProblem problem, RecurrentWeights weights, InstructionSet? highest = null)
    {
        problem.Check(weights);
        Problem = problem;
        var (gates, hidden) = (problem.GateSize, problem.HiddenSize);
        var splits = problem.Cell == RecurrentCell.Gru && !problem.LinearBeforeReset;
        var together = splits ? 2 * hidden : gates;
        _innerBias = InnerBias(weights);
        _input = Pack(weights.W, 0, gates, problem.InputSize, InputBias(weights), highest);
        _state = PackState(weights.R, 0, together, highest);
        if (splits) _candidate = PackState(weights.R, together, hidden, highest);
    }

    public RecurrentProblem Problem { get; }

    public long ScratchBytes(int steps, int batch) => new RecurrentScratch(Problem, steps, batch, 0).ByteLength;

    /// <summary>Fixes the addresses. The result must not be run after this object is disposed.</summary>
    /// <exception cref="ArgumentException">Memory that is missing.</exception>
    public BoundKernel Bind(RecurrentOperands operands)
    {
        if (operands.Steps < 0 || operands.Batch < 0)
            throw new ArgumentException($"{operands.Steps} steps of {operands.Batch} sequences: expected 0 or more.");
        if (operands.X == 0 || operands.Scratch == 0 || operands.Scratch % NativeBuffer.Alignment != 0)
            throw new ArgumentException($"A recurrent layer needs X and scratch memory at a multiple of {NativeBuffer.Alignment}.");
        var scratch = new RecurrentScratch(Problem, operands.Steps, operands.Batch, operands.Scratch);
        var (gates, hidden) = (Problem.GateSize * sizeof(float), Problem.HiddenSize * sizeof(float));
        var input = BindGemm(_input, operands.Steps * operands.Batch, operands.X, scratch.InputGates);
        var state = BindGemm(_state, operands.Batch, Problem.QuantizedState ? scratch.Quantized : scratch.Hidden, scratch.Gates, gates);
        if (Problem.Cell == RecurrentCell.Lstm) return new LstmKernel(Problem, operands, scratch, input, state);
        if (_candidate is null) return new GruKernel(Problem, operands, scratch, input, state, _innerBias);
        var product = Problem.QuantizedState ? scratch.Quantized : scratch.Cell;
        var candidate = BindGemm(_candidate, operands.Batch, product, scratch.Gates + (2 * hidden), gates);
        return new GruResetFirstKernel(Problem, operands, scratch, input, state, candidate);
    }

    public void Dispose()
    {
        _input.Dispose();
        _state.Dispose();
        _candidate?.Dispose();
    }

    private static BoundKernel? BindGemm(PackedGemm gemm, int rows, nint a, nint c, nint strideC = 0)
    {
        if (rows == 0) return null;
        var dense = (nint)gemm.Problem.N * sizeof(float);
        return gemm.Bind(new GemmOperands(rows, a, gemm.Problem.K * gemm.Problem.A.Size(), c, strideC == 0 ? dense : strideC));
    }

    // Biases of both products meet in every gate but one: the hidden gate of a Gru, where the reset gate stands between them.
    private float[] InputBias(RecurrentWeights weights)
    {
        var bias = weights.Bias.Span;
        var sum = new float[bias.Length / 2];
        for (var i = 0; i < sum.Length; i++) sum[i] = bias[i] + (IsInsideReset(i) ? 0 : bias[sum.Length + i]);
        return sum;
    }

    private float[] InnerBias(RecurrentWeights weights)
    {
        var bias = GC.AllocateArray<float>(Problem.HiddenSize, pinned: true);
        if (!weights.Bias.IsEmpty && Problem.LinearBeforeReset) weights.Bias[^Problem.HiddenSize..].CopyTo(bias);
        return bias;
    }

    private bool IsInsideReset(int gate) => Problem is { Cell: RecurrentCell.Gru, LinearBeforeReset: true } && gate >= 2 * Problem.HiddenSize;

    private PackedGemm PackState(ReadOnlyMemory<float> matrix, int first, int columns, InstructionSet? highest)
    {
        if (!Problem.QuantizedState) return Pack(matrix, first, columns, Problem.HiddenSize, [], highest);
        var transposed = Columns(matrix, first, columns, Problem.HiddenSize);
        var bytes = new byte[transposed.Length];
        var scales = new float[columns];
        for (var n = 0; n < columns; n++)
        {
            for (var i = n; i < bytes.Length; i += columns) scales[n] = MathF.Max(scales[n], MathF.Abs(transposed[i]) / sbyte.MaxValue);
            for (var i = n; i < bytes.Length && scales[n] > 0; i += columns) bytes[i] = (byte)(sbyte)MathF.Round(transposed[i] / scales[n]);
        }
        var problem = new GemmProblem(columns, Problem.HiddenSize, DataType.Int8, new Epilogue { Output = DataType.Float32 });
        return KernelTable.Select(problem, highest).Chosen.Pack(problem, new GemmWeights { B = bytes, Scale = scales });
    }

    private static PackedGemm Pack(ReadOnlyMemory<float> matrix, int first, int columns, int depth, float[] bias, InstructionSet? highest)
    {
        var problem = new GemmProblem(columns, depth, DataType.Float32, new Epilogue { Output = DataType.Float32 });
        var weights = new GemmWeights { B = MemoryMarshal.AsBytes(Columns(matrix, first, columns, depth).AsSpan()).ToArray(), Bias = bias };
        return KernelTable.Select(problem, highest).Chosen.Pack(problem, weights);
    }

    /// <summary>Some columns of a product: rows of ONNX's matrix, which is transposed.</summary>
    private static float[] Columns(ReadOnlyMemory<float> matrix, int first, int columns, int depth)
    {
        var rows = matrix.Span.Slice(first * depth, columns * depth);
        var b = new float[rows.Length];
        for (var n = 0; n < columns; n++)
            for (var k = 0; k < depth; k++) b[(k * columns) + n] = rows[(n * depth) + k];
        return b;
    }
}
