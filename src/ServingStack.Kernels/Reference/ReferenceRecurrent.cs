using ServingStack.Kernels.Recurrent;

namespace ServingStack.Kernels.Reference;

/// <summary>One direction of an LSTM or GRU, number by number in double precision, from ONNX's formulas.</summary>
internal static class ReferenceRecurrent
{
    /// <summary>All steps' hidden states [steps, batch, hidden], and the last hidden state and cell [batch, hidden].</summary>
    public static (double[] Y, double[] Hidden, double[] Cell) Run(
        RecurrentProblem problem, RecurrentWeights weights, float[] x, int steps, int batch, float[] hidden0, float[] cell0)
    {
        var hidden = hidden0.Select(value => (double)value).ToArray();
        var cell = cell0.Select(value => (double)value).ToArray();
        var y = new double[steps * batch * problem.HiddenSize];
        for (var i = 0; i < steps; i++)
        {
            var step = problem.Reverse ? steps - 1 - i : i;
            for (var n = 0; n < batch; n++)
            {
                var row = x.AsSpan(((step * batch) + n) * problem.InputSize, problem.InputSize);
                var h = Row(hidden, n, problem);
                var c = Row(cell, n, problem);
                if (problem.Cell == RecurrentCell.Lstm) Lstm(problem, weights, row, h, c);
                else Gru(problem, weights, row, h);
                h.CopyTo(y.AsSpan(((step * batch) + n) * problem.HiddenSize));
            }
        }

        return (y, hidden, cell);
    }

    private static Span<double> Row(double[] states, int n, RecurrentProblem problem) =>
        states.AsSpan(n * problem.HiddenSize, problem.HiddenSize);

    private static void Lstm(RecurrentProblem problem, RecurrentWeights weights, ReadOnlySpan<float> x, Span<double> hidden, Span<double> cell)
    {
        var before = hidden.ToArray();
        for (var i = 0; i < hidden.Length; i++)
        {
            double Gate(int gate, ReadOnlySpan<float> row) =>
                Input(problem, weights, row, (gate * before.Length) + i) + State(problem, weights, before, (gate * before.Length) + i);
            cell[i] = (Sigmoid(Gate(2, x)) * cell[i]) + (Sigmoid(Gate(0, x)) * Math.Tanh(Gate(3, x)));
            hidden[i] = Sigmoid(Gate(1, x)) * Math.Tanh(cell[i]);
        }
    }

    private static void Gru(RecurrentProblem problem, RecurrentWeights weights, ReadOnlySpan<float> x, Span<double> hidden)
    {
        var before = hidden.ToArray();
        var (update, reset) = (new double[before.Length], new double[before.Length]);
        for (var i = 0; i < before.Length; i++)
        {
            update[i] = Sigmoid(Input(problem, weights, x, i) + State(problem, weights, before, i));
            reset[i] = Sigmoid(Input(problem, weights, x, before.Length + i) + State(problem, weights, before, before.Length + i));
        }

        var after = before.Zip(reset, (h, r) => h * r).ToArray();
        for (var i = 0; i < before.Length; i++)
        {
            var row = (2 * before.Length) + i;
            var state = problem.LinearBeforeReset ? reset[i] * State(problem, weights, before, row) : State(problem, weights, after, row);
            hidden[i] = ((1 - update[i]) * Math.Tanh(Input(problem, weights, x, row) + state)) + (update[i] * before[i]);
        }
    }

    private static double Input(RecurrentProblem problem, RecurrentWeights weights, ReadOnlySpan<float> x, int row)
    {
        double sum = weights.Bias.IsEmpty ? 0 : weights.Bias.Span[row];
        for (var k = 0; k < x.Length; k++) sum += (double)x[k] * weights.W.Span[(row * problem.InputSize) + k];
        return sum;
    }

    private static double State(RecurrentProblem problem, RecurrentWeights weights, double[] hidden, int row)
    {
        double sum = weights.Bias.IsEmpty ? 0 : weights.Bias.Span[problem.GateSize + row];
        for (var k = 0; k < hidden.Length; k++) sum += hidden[k] * weights.R.Span[(row * problem.HiddenSize) + k];
        return sum;
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
