using ServingStack.Graphs.Passes;

namespace ServingStack.Graphs.Tests.Support;

/// <summary>
/// Applies a pass and checks that the graph stays consistent, prints as expected, and still computes the same on ONNX Runtime. Operators
/// of our own domains are written out in standard ones first (<see cref="StandardForm"/>).
/// </summary>
internal static class PassAssert
{
    private const int Seed = 20240;

    /// <param name="build">Builds the graph; called twice.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="expected">The printed nodes after it, one a line.</param>
    /// <param name="tolerance">The largest difference of floats, relative to numbers above 1; integers may differ by <paramref
    /// name="steps"/>.</param>
    /// <param name="steps">Quantization steps that integers may differ by.</param>
    public static Graph Rewrites(Func<Graph> build, IPass pass, string expected, double tolerance = 1e-5, int steps = 0)
    {
        var (before, after) = (build(), build());
        ShapeInference.Run(before);
        ShapeInference.Run(after);
        Assert.True(pass.Apply(after), "the pass changed nothing");
        GraphInvariants.Check(after);
        ShapeInference.Run(after);
        Assert.Equal(expected.ReplaceLineEndings("\n").Trim(), NodesOf(after));
        ComputesTheSame(before, after, tolerance, steps);
        Assert.False(pass.Apply(after), "the pass is not finished after one run");
        return after;
    }

    public static void Keeps(Func<Graph> build, IPass pass)
    {
        var graph = build();
        ShapeInference.Run(graph);
        var text = GraphPrinter.Print(graph);
        Assert.False(pass.Apply(graph));
        Assert.Equal(text, GraphPrinter.Print(graph));
    }

    public static void ComputesTheSame(Graph before, Graph after, double tolerance, int steps = 0)
    {
        var inputs = RandomTensors.ForInputs(before, Seed);
        var expected = OrtRunner.Run(before, inputs);
        var actual = OrtRunner.Run(StandardForm.Of(after), inputs);
        for (var i = 0; i < expected.Length; i++) AssertClose(expected[i], actual[i], tolerance, steps);
    }

    /// <summary>The nodes alone: golden texts stay readable without the weights.</summary>
    private static string NodesOf(Graph graph) => string.Join("\n", graph.Nodes.Select(GraphPrinter.Print));

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance, int steps)
    {
        Assert.Equal(expected.ElementType, actual.ElementType);
        Assert.Equal(expected.Dimensions, actual.Dimensions);
        if (expected.ElementType == ElementType.Float32)
        {
            var (a, b) = (expected.As<float>().ToArray(), actual.As<float>().ToArray());
            for (var i = 0; i < a.Length; i++)
                Assert.True(Math.Abs(a[i] - b[i]) <= tolerance * Math.Max(1, Math.Abs(a[i])),
                    $"element {i}: expected {a[i]:R}, got {b[i]:R} (seed {Seed})");
        }
        else
        {
            var (a, b) = (expected.ToInt64s(), actual.ToInt64s());
            for (var i = 0; i < a.Length; i++)
                Assert.True(Math.Abs(a[i] - b[i]) <= steps, $"element {i}: expected {a[i]}, got {b[i]} (seed {Seed})");
        }
    }
}
