using ServingStack.Graphs.Onnx;

namespace ServingStack.Graphs.Passes;

/// <summary>The portable passes in the order in which they run, and how to run them.</summary>
public static class Pipeline
{
    /// <summary>Each line says what the later ones rely on.</summary>
    public static IReadOnlyList<IPass> Portable { get; } =
    [
        new RecognizeValueAware(), // before weights and layers are rewritten
        new RecognizeEmbeddings(), // functions of ours, too
        new EliminateIdentities(), // so that patterns are not interrupted
        new FoldConstants(), // shapes, pads and weights become constants
        new EliminateIdentities(), // what constants have shown to do nothing
        new FoldReshapeTargets(), // drops the last shape computations of a symbolic batch
        new FoldBatchNormalization(), // convolutions with their final weights
        new FoldMatMulBias(), // MatMul and Add become Gemm
        new FuseEmbeddingBags(), // before bytes of tables look like layers' or become floats
        new RecognizeQuantized(), // integers from input to output
        new FuseQuantizedResidual(), // needs the islands recognized
        new FuseChannelShuffle(), // floats, or integers by now
        new FoldDequantizedConstants(), // stored as integers, read as floats
        new FuseAffine(), // before its Add looks like a residual
        new FuseActivations(), // what is left in floats
        new FuseConcatAffine(), // floats or integers, with their activation
        new EliminateDeadNodes(),
    ];

    /// <summary>The passes that keep a graph in standard operators, so that it can be saved.</summary>
    public static IReadOnlyList<IPass> Exportable { get; } =
        [.. Portable.Where(p => p is not (RecognizeValueAware or RecognizeEmbeddings or FuseEmbeddingBags or RecognizeQuantized
            or FuseQuantizedResidual or FuseChannelShuffle or FoldDequantizedConstants
            or FuseAffine or FuseActivations or FuseConcatAffine))];

    /// <summary>Runs the passes in order; shapes are inferred again after each change.</summary>
    /// <exception cref="GraphLoadException">An operator is used against its rules.</exception>
    public static void Run(Graph graph, PipelineOptions? options = null, IEnumerable<IPass>? passes = null)
    {
        options ??= new PipelineOptions();
        ShapeInference.Run(graph);
        Check(graph, options);
        foreach (var pass in passes ?? Portable)
        {
            if (!options.DisabledPasses.Contains(pass.Name) && Apply(pass, graph))
            {
                Check(graph, options);
                ShapeInference.Run(graph);
            }
            if (pass.Name == options.StopAfter) return;
        }
    }

    /// <summary>A model that slipped past inference and trips a pass is refused; it must not take anything else down.</summary>
    private static bool Apply(IPass pass, Graph graph)
    {
        try
        {
            return pass.Apply(graph);
        }
        catch (Exception e) when (LoadErrors.IsOfModel(e))
        {
            throw new GraphLoadException(graph.Source, $"The pass {pass.Name} cannot handle the graph: {e.Message}",
                "Check the model with onnx.checker, or disable the pass by its name.", cause: e);
        }
    }

    private static void Check(Graph graph, PipelineOptions options)
    {
        if (options.CheckInvariants) GraphInvariants.Check(graph);
    }
}
