using ServingStack.Graphs;

namespace ServingStack.Engine.Tests.Support;

/// <summary>Compares our plans with ONNX Runtime on the same graph and the same inputs.</summary>
internal static class Oracle
{
    /// <summary>Runs a graph both ways and asserts that the outputs agree.</summary>
    /// <param name="graph">What to run.</param>
    /// <param name="inputs">In the order of the graph's inputs.</param>
    /// <param name="expectFallback">Whether a step is expected to run on ONNX Runtime.</param>
    /// <param name="tolerance">For floats, relative to the largest expected number.</param>
    /// <param name="options">How to compile ours.</param>
    /// <returns>The dump of our plan.</returns>
    public static string AssertEqual(Graph graph, Tensor[] inputs, bool expectFallback = false, float tolerance = 1e-4f, EngineOptions? options = null)
    {
        using var ours = CompiledModel.Compile(graph, options ?? new EngineOptions());
        using var theirs = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true });
        Assert.True(ours.Platform == CompiledModel.KernelsPlatform, ours.PlatformReason);
        using var session = ours.CreateSession();
        using var reference = theirs.CreateSession();
        var actual = session.Run(inputs);
        var expected = reference.Run(inputs);
        var plan = session.PlanFor([.. inputs.Select(t => t.Dimensions)]);
        var dump = plan.Dump();
        Assert.True(expectFallback == plan.FallbackSteps > 0, dump);
        for (var i = 0; i < expected.Length; i++) Agree(expected[i], actual[i], tolerance, dump);
        return dump;
    }

    public static void Agree(Tensor expected, Tensor actual, float tolerance, string dump)
    {
        Assert.Equal(expected.ElementType, actual.ElementType);
        Assert.Equal(expected.Dimensions, actual.Dimensions);
        if (expected.ElementType == ElementType.Float32) AgreeOnFloats(expected.As<float>(), actual.As<float>(), tolerance, dump);
        else if (expected.ElementType is ElementType.UInt8 or ElementType.Int8) AgreeOnBytes(expected, actual, dump);
        else Assert.Equal(expected.Bytes.ToArray(), actual.Bytes.ToArray());
    }

    private static void AgreeOnFloats(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance, string dump)
    {
        var largest = 0f;
        foreach (var value in expected)
            if (float.IsFinite(value)) largest = Math.Max(largest, Math.Abs(value));
        for (var i = 0; i < expected.Length; i++)
        {
            var same = expected[i].Equals(actual[i]) || Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(largest, 1e-3f);
            Assert.True(same, $"element {i}: expected {expected[i]}, got {actual[i]} (largest {largest})\n{dump}");
        }
    }

    /// <summary>Within one quantization step, and equal but for one in a thousand: ONNX Runtime may round a tie the other way.</summary>
    private static void AgreeOnBytes(Tensor expected, Tensor actual, string dump)
    {
        var (e, a) = (expected.ToInt64s(), actual.ToInt64s());
        var different = 0;
        for (var i = 0; i < e.Length; i++)
        {
            Assert.True(Math.Abs(e[i] - a[i]) <= 1, $"element {i}: expected {e[i]}, got {a[i]}\n{dump}");
            if (e[i] != a[i]) different++;
        }
        Assert.True(different <= Math.Max(1, e.Length / 1000), $"{different} of {e.Length} differ by one step\n{dump}");
    }
}
