using ServingStack.Graphs;
using ServingStack.Kernels.Recurrent;

namespace ServingStack.Engine.Lowering;

/// <summary>ONNX LSTM and GRU over whole sequences, in either or both directions.</summary>
internal static class Recurrents
{
    public static IEnumerable<LoweringRow> Rows { get; } = [new("", "LSTM", Lower), new("", "GRU", Lower)];

    private sealed record Key(Tensor W, Tensor R, Tensor? Bias, RecurrentProblem Problem, int Direction);

    /// <summary>Extents of a layer: X is [Steps, Batch, Input], a state [directions, Batch, Hidden].</summary>
    private sealed record Extents(int Steps, int Batch, int Input, int Hidden)
    {
        public long StateBytes => (long)Batch * Hidden * sizeof(float);
    }

    private static string? Lower(LoweringContext context, PlanNode node)
    {
        if (Refusal(node) is { } reason) return reason;
        var extents = ExtentsOf(node);
        var layers = Layers(context, node, extents);
        var x = context.Read(node.X, Layout.Plain);
        var (hidden, cell) = (ReadState(context, node, 5), ReadState(context, node, 6));
        var outputs = Enumerable.Range(0, 3).Select(i => node.Asks(i) ? context.Write(node.Outputs[i], Layout.Plain) : null).ToArray();
        var scratch = layers.Select(layer => Operand.InArena(layer.ScratchBytes(extents.Steps, extents.Batch))).ToArray();
        context.Emit(
            node, [.. Present(x, hidden, cell)], [.. Present(outputs), .. scratch],
            map => new Directions([.. layers.Select((layer, d) => layer.Bind(
                new RecurrentOperands(extents.Steps, extents.Batch, map[x], map[scratch[d]])
                {
                    Y = At(map, outputs[0], d),
                    StrideY = (nint)(layers.Length * extents.StateBytes),
                    InitialHidden = At(map, hidden, d),
                    InitialCell = At(map, cell, d),
                    FinalHidden = At(map, outputs[1], d),
                    FinalCell = At(map, outputs[2], d),
                }))]));
        return null;

        nint At(AddressMap map, Operand? operand, int direction) =>
            operand is null ? 0 : map[operand] + (nint)(direction * extents.StateBytes);
    }

    private static string? Refusal(PlanNode node)
    {
        if (node.X.ElementType != ElementType.Float32) return $"its input is {node.X.ElementType}";
        if (node.Inputs.Skip(1).Take(3).Any(v => v is not null and not { Constant.ElementType: ElementType.Float32 }))
            return "its weights are no constant floats";
        if (node.Input(4) is not null && !AreWhole(node)) return "its sequences have lengths of their own";
        if (node.Input(7) is not null) return "it has peepholes";
        if (node.Attributes.Contains("activations")) return "its activations are named";
        if (node.Attributes.Contains("clip")) return "it clips";
        if (node.Attributes.Int("input_forget", 0) != 0) return "it couples input and forget gates";
        return node.Attributes.Int("layout", 0) != 0 ? "its batch comes first" : null;
    }

    private static bool AreWhole(PlanNode node) =>
        node.Input(4) is { Constant: { ElementType: ElementType.Int32 } lengths } && lengths.As<int>().ToArray().All(n => n == node.X.Shape[0]);

    private static Extents ExtentsOf(PlanNode node)
    {
        var x = node.X.Shape;
        return new(checked((int)x[0]), checked((int)x[1]), checked((int)x[2]), checked((int)node.Inputs[2]!.Shape[2]));
    }

    private static RecurrentLayer[] Layers(LoweringContext context, PlanNode node, Extents extents)
    {
        var direction = node.Attributes.String("direction", "forward");
        return [.. Enumerable.Range(0, direction == "bidirectional" ? 2 : 1).Select(d =>
        {
            var problem = new RecurrentProblem(node.OpType == "LSTM" ? RecurrentCell.Lstm : RecurrentCell.Gru, extents.Input, extents.Hidden)
            {
                Reverse = direction == "reverse" || d == 1,
                LinearBeforeReset = node.Attributes.Int("linear_before_reset", 0) != 0,
            };
            var (w, r, bias) = (node.Inputs[1]!.Constant!, node.Inputs[2]!.Constant!, node.Input(3)?.Constant);
            return context.Weights.GetOrAdd(
                new Key(w, r, bias, problem, d),
                () => new RecurrentLayer(problem, new(Part(w, d), Part(r, d), bias is null ? default : Part(bias, d)), context.InstructionSet));
        })];
    }

    private static float[] Part(Tensor tensor, int direction)
    {
        var length = checked((int)(tensor.ElementCount / tensor.Dimensions[0]));
        return tensor.As<float>().Slice(direction * length, length).ToArray();
    }

    private static Operand? ReadState(LoweringContext context, PlanNode node, int input) =>
        node.Input(input) is { } state ? context.Read(state, Layout.Plain) : null;

    private static IEnumerable<Operand> Present(params Operand?[] operands) => operands.OfType<Operand>();
}
