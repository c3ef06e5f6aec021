using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Tests.Shared;
using ServingStack.Training.Modules;
using ServingStack.Zoo;
using TorchSharp;
using GraphTensor = ServingStack.Graphs.Tensor;

namespace ServingStack.Training.Tests.Modules;

/// <summary>Each trainable operator computes while training what ONNX Runtime computes of the exported file.</summary>
public sealed class OperatorTableTests
{
    private const int Seed = 21;

    private static readonly Random Random = new(Seed);

    public static TheoryData<string, AttributeMap, long[][]> Cases => new()
    {
        { "Conv", new() { { "pads", new long[] { 1, 1, 1, 1 } }, { "strides", new long[] { 2, 2 } } }, [[2, 3, 7, 6], [4, 3, 3, 3], [4]] },
        { "Conv", new() { { "pads", new long[] { 0, 1, 2, 0 } }, { "group", 2L }, { "dilations", new long[] { 2, 1 } } },
            [[1, 4, 8, 8], [6, 2, 2, 3]] },
        { "Gemm", new() { { "transB", 1L }, { "alpha", 0.5f }, { "beta", 2f } }, [[3, 5], [4, 5], [4]] },
        { "Gemm", new() { { "transA", 1L } }, [[5, 3], [5, 4]] },
        { "MatMul", new(), [[2, 3, 4], [4, 6]] },
        { "BatchNormalization", new() { { "epsilon", 0.01f } }, [[2, 3, 4, 4], [3], [3], [3], [3]] },
        { "MaxPool", new() { { "kernel_shape", new long[] { 3, 2 } }, { "strides", new long[] { 2, 1 } },
            { "pads", new long[] { 1, 0, 0, 1 } } }, [[1, 2, 6, 6]] },
        { "AveragePool", new() { { "kernel_shape", new long[] { 2, 2 } }, { "pads", new long[] { 1, 1, 1, 1 } } }, [[1, 2, 5, 5]] },
        { "AveragePool", new() { { "kernel_shape", new long[] { 3, 3 } }, { "pads", new long[] { 1, 1, 1, 1 } },
            { "count_include_pad", 1L } }, [[1, 2, 5, 5]] },
        { "GlobalAveragePool", new(), [[2, 3, 4, 5]] },
        { "Relu", new(), [[2, 5]] },
        { "Sigmoid", new(), [[2, 5]] },
        { "Softmax", new() { { "axis", 1L } }, [[2, 5, 3]] },
        { "Clip", new(), [[3, 4], [], []] },
        { "Add", new(), [[2, 3, 4], [3, 1]] },
        { "Sub", new(), [[2, 3], [3]] },
        { "Mul", new(), [[2, 3], [2, 3]] },
        { "Div", new(), [[2, 3], [3]] },
        { "Tanh", new(), [[2, 5]] },
        { "LeakyRelu", new() { { "alpha", 0.2f } }, [[2, 5]] },
        { "Dropout", new(), [[2, 5]] },
        { "Transpose", new() { { "perm", new long[] { 2, 0, 1 } } }, [[2, 3, 4]] },
        { "Transpose", new(), [[2, 3, 4]] },
        { "GlobalMaxPool", new(), [[2, 3, 4, 5]] },
        { "Flatten", new() { { "axis", 2L } }, [[2, 3, 4, 5]] },
    };

    [TorchTheory]
    [MemberData(nameof(Cases))]
    public void Row_RandomInputs_AgreesWithOnnxRuntime(string opType, AttributeMap attributes, long[][] shapes)
    {
        var graph = new Graph("one");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(shapes[0]));
        // Positive numbers: one of them is a variance; Clip's bounds are in order.
        var constants = shapes[1..].Select((shape, i) => graph.AddConstant(Draw(shape, low: opType == "Clip" ? i : 0.1f))).ToArray();
        Output(graph, graph.Add(opType, attributes, [x, .. constants]));

        AssertAgrees(graph, Draw(shapes[0], low: -1));
    }

    [TorchFact]
    public void Gather_ColumnsAndTable_AgreesWithOnnxRuntime()
    {
        var graph = Recommender.Create(new([5, 7], [0.5f], [2]), seed: Seed);

        AssertAgrees(graph, GraphTensor.From<long>([0, 6, 4, 3, 2, 0], 3, 2), Draw([3, 1], low: -1));
    }

    [TorchFact]
    public void Reshape_KeepsZeroAndInfersMinusOne_AgreesWithOnnxRuntime()
    {
        var graph = new Graph("one");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 4));
        Output(graph, graph.Add("Reshape", x, graph.AddConstant(GraphTensor.From<long>([0, -1], 2))));

        AssertAgrees(graph, Draw([2, 3, 4], low: -1));
    }

    public static TheoryData<string, AttributeMap, long[][]> CasesWithIntegers => new()
    {
        { "Slice", new(), [[1, 0], [int.MaxValue, 3]] },
        { "Slice", new(), [[0, -4], [5, -1], [1, 2], [2, 1]] },
        { "Slice", new(), [[0], [long.MaxValue], [3], [2]] },
        { "Pad", new(), [[0, 1, 0, 2, 0, 1, 3, 0]] },
        { "Pad", new(), [[0, 0, -1, 0, 0, 0, 2, 0]] },
        { "ReduceMean", new() { { "keepdims", 0L } }, [[2, 3]] },
        { "ReduceMean", new(), [[-1]] },
    };

    [TorchTheory]
    [MemberData(nameof(CasesWithIntegers))]
    public void Row_IntegersBesideTheInput_AgreesWithOnnxRuntime(string opType, AttributeMap attributes, long[][] integers)
    {
        var graph = new Graph("one");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 4, 6, 5));
        var constants = integers.Select(numbers => graph.AddConstant(GraphTensor.From<long>(numbers, numbers.Length))).ToArray();
        Output(graph, graph.Add(opType, attributes, [x, .. constants]));

        AssertAgrees(graph, Draw([2, 4, 6, 5], low: -1));
    }

    [TorchFact]
    public void ResidualNetwork_Whole_AgreesWithOnnxRuntime()
    {
        var graph = ResidualNetwork.Create(new() { Width = 4 }, seed: Seed);

        AssertAgrees(graph, Draw([2, 1, 28, 28], low: 0));
    }

    private static void AssertAgrees(Graph graph, params GraphTensor[] inputs)
    {
        using var model = CompiledModel.Compile(graph, new EngineOptions { ForceOnnxRuntime = true });
        using var session = model.CreateSession();
        var expected = session.Run(inputs)[0].As<float>();
        using var module = new GraphModule(graph, graph.Outputs[0]);
        module.eval();
        using var scope = torch.NewDisposeScope();

        var actual = module.forward([.. inputs.Select(ToTorch)]).data<float>().ToArray();

        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < actual.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-4f * (1 + Math.Abs(expected[i])),
                $"seed {Seed}, element {i}: {expected[i]} against {actual[i]}");
    }

    private static torch.Tensor ToTorch(GraphTensor tensor) => tensor.ElementType == ElementType.Int64
        ? torch.tensor(tensor.As<long>().ToArray(), tensor.Dimensions)
        : torch.tensor(tensor.As<float>().ToArray(), tensor.Dimensions);

    private static void Output(Graph graph, Value value)
    {
        graph.Outputs.Add(value);
        ShapeInference.Run(graph);
    }

    private static GraphTensor Draw(long[] shape, float low)
    {
        var values = new float[shape.Aggregate(1L, (product, d) => product * d)];
        for (var i = 0; i < values.Length; i++) values[i] = low + (float)Random.NextDouble();
        return GraphTensor.From<float>(values, shape);
    }
}
