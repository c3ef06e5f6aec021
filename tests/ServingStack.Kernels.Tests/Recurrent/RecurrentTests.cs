using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Recurrent;
using ServingStack.Kernels.Reference;
using ServingStack.Kernels.Tests.Machine;
using ServingStack.Tests.Shared;

namespace ServingStack.Kernels.Tests.Recurrent;

public class RecurrentTests
{
    private const int Seed = 20261126;

    // Steps, batch, input, hidden: one of each, tails of 16, several rows of gates.
    private static readonly (int Steps, int Batch, int Input, int Hidden)[] Shapes =
        [(1, 1, 1, 1), (3, 2, 5, 16), (4, 1, 33, 15), (5, 3, 16, 40), (2, 17, 7, 31), (0, 2, 3, 4)];

    public static TheoryData<InstructionSet> Levels => [.. MachineFeatures.Current.Levels];

    [Theory]
    [MemberData(nameof(Levels))]
    public void Layer_OfAnyKind_EqualsTheReference(InstructionSet level)
    {
        var seed = Seed;
        foreach (var (cell, linear) in new[] { (RecurrentCell.Lstm, false), (RecurrentCell.Gru, false), (RecurrentCell.Gru, true) })
            foreach (var shape in Shapes)
                foreach (var reverse in new[] { false, true })
                    Check(
                        new(cell, shape.Input, shape.Hidden) { Reverse = reverse, LinearBeforeReset = linear }, shape.Steps, shape.Batch,
                        ++seed, level);
    }

    /// <summary>Weights and states that are multiples of a 127th of the largest lose nothing; then one step is exact.</summary>
    [Theory]
    [MemberData(nameof(Levels))]
    public void QuantizedLayer_OfNumbersThatFit8Bits_EqualsTheReference(InstructionSet level)
    {
        foreach (var (cell, linear) in new[] { (RecurrentCell.Lstm, false), (RecurrentCell.Gru, true) })
            foreach (var shape in Shapes.Where(shape => shape.Steps > 0))
                Check(
                    new(cell, shape.Input, shape.Hidden) { LinearBeforeReset = linear, QuantizedState = true }, steps: 1, shape.Batch,
                    Seed, level, Multiples);
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void QuantizedLayer_OverSteps_StaysNearTheExactOne(InstructionSet level)
    {
        foreach (var (cell, linear) in new[] { (RecurrentCell.Lstm, false), (RecurrentCell.Gru, false), (RecurrentCell.Gru, true) })
        {
            var exact = new RecurrentProblem(cell, 8, 64) { LinearBeforeReset = linear };
            var weights = Weights(exact, Seed, withBias: true);
            var scaled = weights with { R = weights.R.ToArray().Select(value => value / 4).ToArray() };
            var expected = Hidden(exact, scaled, level);
            var actual = Hidden(exact with { QuantizedState = true }, scaled, level);
            // Rounding errors of 64 products add up to a few thousandths.
            for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 0.02f);
            Assert.NotEqual(expected, actual);
        }
    }

    [Fact]
    public void Layer_WithWeightsOfAnotherSize_IsRefused()
    {
        var problem = new RecurrentProblem(RecurrentCell.Gru, 2, 3);
        var error = Assert.Throws<ArgumentException>(() => new RecurrentLayer(problem, new(new float[17], new float[27], default)));
        Assert.Contains("17 input weights; 18 are expected", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new RecurrentLayer(problem, new(new float[18], new float[27], new float[9])));
        using var layer = new RecurrentLayer(problem, new(new float[18], new float[27], new float[18]));
        Assert.Throws<ArgumentException>(() => layer.Bind(new RecurrentOperands(1, 1, 64, 0)));
    }

    [Fact]
    public void Run_OfALayer_AllocatesNothing()
    {
        foreach (var cell in Enum.GetValues<RecurrentCell>())
        {
            using var layer = new RecurrentLayer(new(cell, 8, 20), Weights(new(cell, 8, 20), Seed, withBias: true));
            using NativeBuffer x = new(4 * 2 * 8 * 4), scratch = new(layer.ScratchBytes(4, 2));
            var kernel = layer.Bind(new RecurrentOperands(4, 2, x.Address, scratch.Address));
            kernel.Run(0, 1);
            Allocations.AssertNone(() => kernel.Run(0, 1));
        }
    }

    private static RecurrentWeights Weights(RecurrentProblem problem, int seed, bool withBias) => new(
        TestNumbers.Floats(seed, problem.GateSize * problem.InputSize, 1),
        TestNumbers.Floats(seed + 1, problem.GateSize * problem.HiddenSize, 0.5f),
        withBias ? TestNumbers.Floats(seed + 2, 2 * problem.GateSize, 1) : default);

    private static float[] Hidden(RecurrentProblem problem, RecurrentWeights weights, InstructionSet level)
    {
        const int Steps = 6, Batch = 2;
        using var layer = new RecurrentLayer(problem, weights, level);
        using var x = GuardedBuffer.Of<float>(TestNumbers.Floats(Seed, Steps * Batch * problem.InputSize, 1));
        using NativeBuffer y = new(Steps * Batch * problem.HiddenSize * 4), scratch = new(layer.ScratchBytes(Steps, Batch));
        layer.Bind(new RecurrentOperands(Steps, Batch, x.Address, scratch.Address)
        {
            Y = y.Address,
            StrideY = Batch * problem.HiddenSize * sizeof(float),
        }).Run(0, 1);
        return y.Span<float>().ToArray();
    }

    /// <summary>Rows of multiples of 1/127, each with a 1 in it.</summary>
    private static float[] Multiples(float[] values, int row)
    {
        for (var i = 0; i < values.Length; i++) values[i] = i % row == 0 ? 1 : MathF.Round(MathF.IEEERemainder(values[i], 2) * 127) / 127;
        return values;
    }

    private static void Check(
        RecurrentProblem problem, int steps, int batch, int seed, InstructionSet level, Func<float[], int, float[]>? round = null)
    {
        var random = new Random(seed);
        var weights = Weights(problem, seed, withBias: random.Next(3) > 0);
        if (round is not null) weights = weights with { R = round(weights.R.ToArray(), problem.HiddenSize) };
        var state = batch * problem.HiddenSize;
        var given = round is not null || random.Next(3) > 0;
        var x = TestNumbers.Floats(seed + 3, steps * batch * problem.InputSize, 2);
        var (hidden, cell) = given ? (TestNumbers.Floats(seed + 4, state, 1), TestNumbers.Floats(seed + 5, state, 1)) : (new float[state], new float[state]);
        if (round is not null) hidden = round(hidden, problem.HiddenSize);
        var expected = ReferenceRecurrent.Run(problem, weights, x, steps, batch, hidden, cell);

        using var layer = new RecurrentLayer(problem, weights, level);
        using var input = GuardedBuffer.Of<float>(x);
        using var hidden0 = GuardedBuffer.Of<float>(hidden);
        using var cell0 = GuardedBuffer.Of<float>(cell);
        using GuardedBuffer y = new(steps * state * 4), finalHidden = new(state * 4), finalCell = new(state * 4);
        using var scratch = new NativeBuffer(layer.ScratchBytes(steps, batch));
        scratch.Bytes.Fill(0xFF);
        var kernel = layer.Bind(new RecurrentOperands(steps, batch, input.Address, scratch.Address)
        {
            Y = y.Address,
            StrideY = state * sizeof(float),
            InitialHidden = given ? hidden0.Address : 0,
            InitialCell = given ? cell0.Address : 0,
            FinalHidden = finalHidden.Address,
            FinalCell = problem.Cell == RecurrentCell.Lstm ? finalCell.Address : 0,
        });
        kernel.Run(0, 1);
        var about = $"seed {seed}, {problem}, {steps} steps of {batch}";
        Near.Equal(expected.Y, y.Span<float>().ToArray(), ulps: 200, floor: 1, about);
        Near.Equal(expected.Hidden, finalHidden.Span<float>().ToArray(), ulps: 200, floor: 1, about);
        if (problem.Cell == RecurrentCell.Lstm) Near.Equal(expected.Cell, finalCell.Span<float>().ToArray(), ulps: 200, floor: 1, about);
    }
}
