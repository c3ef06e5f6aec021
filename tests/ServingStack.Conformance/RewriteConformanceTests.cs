using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Graphs.Passes;
using ServingStack.Tests.Shared;
using Xunit.Abstractions;

namespace ServingStack.Conformance;

/// <summary>
/// ONNX Runtime loads what we write and computes the same from it: the model as it was, the model read (raised to our opset) and written,
/// and
/// the model after the passes that keep it in standard operators.
/// </summary>
public class RewriteConformanceTests(ITestOutputHelper log)
{
    [DataTheory]
    [InlineData("node.zip", 1050)]
    [InlineData("simple.zip", 15)]
    [InlineData("pytorch-operator.zip", 24)]
    [InlineData("pytorch-converted.zip", 59)]
    public void BackendCases_WrittenAgain_ComputeTheSame(string archive, int least)
    {
        var (compared, wrong) = (0, new List<string>());
        foreach (var test in BackendCase.ReadAll(archive).Where(t => !IsRandom(t.Name)))
        {
            if (KnownShapeFailures.In(archive).Contains(test.Name) || TensorInputs(test) is not { } inputs) continue;
            if (OrtModel.TryRun(test.Model, inputs, out _) is not { } expected) continue;
            compared++;
            var graph = OnnxReader.Load(test.Model, test.Name);
            Compare(test.Name + " written", expected, graph, inputs, wrong);
            Pipeline.Run(graph, new PipelineOptions { CheckInvariants = true }, Pipeline.Exportable);
            Compare(test.Name + " after passes", expected, graph, inputs, wrong);
        }
        log.WriteLine($"{archive}: {compared} cases compared.");
        foreach (var line in wrong) log.WriteLine(line);
        Assert.Empty(wrong);
        Assert.True(compared >= least, $"only {compared} cases compared");
    }

    private static bool IsRandom(string name) => name.Contains("bernoulli") || name.Contains("training_dropout") || name.Contains("random");

    private static void Compare(string what, Tensor[] expected, Graph graph, List<Tensor> inputs, List<string> wrong)
    {
        var actual = OrtModel.TryRun(OnnxWriter.ToBytes(graph), inputs, out var error);
        var difference = actual is null ? error : expected.Zip(actual).Select(p =>
            GraphComparison.Difference(p.First, p.Second, relative: 1e-5)).FirstOrDefault(d => d is not null);
        if (difference is not null) wrong.Add($"{what}: {difference}");
    }

    /// <summary>Null where an input or output is no tensor of numbers.</summary>
    private static List<Tensor>? TensorInputs(BackendCase test)
    {
        var graph = OnnxReader.Load(test.Model, test.Name);
        if (graph.Inputs.Concat(graph.Outputs).Any(v => v.ContainerType is not null || v.ElementType is ElementType.String)
            || test.Inputs.Count != graph.Inputs.Count) return null;
        return [.. test.Inputs.Select(i => TensorFile.Read(i, test.Name))];
    }
}
