using ServingStack.Graphs;
using ServingStack.Kernels;
using ServingStack.Kernels.Recurrent;

namespace ServingStack.Benchmarks;

/// <summary>Two layers of 512 over 32 steps.</summary>
internal static class RecurrentWorkloads
{
    private const int Layers = 2;
    private const int Size = 512;
    private const int Steps = 32;

    private static readonly int[] Batches = [1, 8];

    // The state multiplied as floats, and as s8.
    private static readonly bool[] Precisions = [false, true];

    public static IEnumerable<KernelWorkload> Create() =>
        from cell in Enum.GetValues<RecurrentCell>()
        from quantized in Precisions
        from batch in Batches
        select Create(new RecurrentProblem(cell, Size, Size) { LinearBeforeReset = true, QuantizedState = quantized }, batch);

    private static KernelWorkload Create(RecurrentProblem problem, int batch) => new()
    {
        Family = "recurrent",
        Shape = $"{problem.Cell}-{Layers}x{Size}-{Steps}-batch{batch}{(problem.QuantizedState ? "-s8" : "")}".ToLowerInvariant(),
        Operations = 2.0 * Layers * Steps * batch * problem.GateSize * 2 * Size,
        Limit = Limit.Floats,
        Bind = arena => Bind(arena, problem, batch),
        Graph = () => Peer(problem, batch),
    };

    private static float[] Weights(RecurrentProblem problem) => [.. Numbers.Floats(problem.GateSize * Size).Select(value => value / 16)];

    private static Chain Bind(BenchmarkArena arena, RecurrentProblem problem, int batch)
    {
        var stateBytes = batch * Size * sizeof(float);
        var x = arena.RandomFloats(Steps * batch * Size);
        var kernels = new BoundKernel[Layers];
        for (var i = 0; i < Layers; i++)
        {
            var layer = arena.Own(new RecurrentLayer(problem, new(Weights(problem), Weights(problem), Numbers.Floats(2 * problem.GateSize))));
            var y = arena.Empty(Steps * stateBytes);
            kernels[i] = layer.Bind(new RecurrentOperands(Steps, batch, x, arena.Empty(layer.ScratchBytes(Steps, batch)))
            {
                Y = y,
                StrideY = stateBytes,
            });
            x = y;
        }
        return new Chain(kernels);
    }

    private static Graph Peer(RecurrentProblem problem, int batch)
    {
        var graph = new Graph("recurrent");
        var name = problem.Cell.ToString().ToUpperInvariant();
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(Steps, batch, Size));
        for (var i = 0; i < Layers; i++)
        {
            var attributes = new AttributeMap { { "hidden_size", (long)Size } };
            if (problem.Cell == RecurrentCell.Gru) attributes.Add("linear_before_reset", 1L);
            var w = graph.AddConstant(Tensor.From<float>(Weights(problem), 1, problem.GateSize, Size));
            var b = graph.AddConstant(Tensor.From<float>(Numbers.Floats(2 * problem.GateSize), 1, 2 * problem.GateSize));
            var y = graph.Add(name, attributes, x, w, w, b);
            x = graph.Add("Squeeze", y, graph.AddConstant(Tensor.From<long>([1], 1)));
        }
        graph.Outputs.Add(x);
        ShapeInference.Run(graph);
        return graph;
    }

    private sealed class Chain(BoundKernel[] kernels) : BoundKernel
    {
        public override string KernelName => kernels[0].KernelName;

        public override void Run(int part, int parts)
        {
            foreach (var kernel in kernels) kernel.Run(0, 1);
        }
    }
}
