using ServingStack.Tests.Shared;
using Xunit.Abstractions;

namespace ServingStack.Conformance;

/// <summary>Every case of ONNX's backend tests loads, and what inference says of its outputs agrees with the expected tensors.</summary>
public class ShapeConformanceTests(ITestOutputHelper log)
{
    [DataTheory]
    [InlineData("node.zip")]
    [InlineData("simple.zip")]
    [InlineData("pytorch-operator.zip")]
    [InlineData("pytorch-converted.zip")]
    public void BackendCases_Inferred_AgreeWithExpectedOutputs(string archive) => Check(archive, BackendCase.ReadAll(archive));

    [DataFact]
    public void Networks_Inferred_AgreeWithExpectedOutputs() => Check("light.zip", BackendCase.ReadNetworks());

    private void Check(string archive, IEnumerable<BackendCase> cases)
    {
        var (count, exact) = (0, 0);
        var failures = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var test in cases)
        {
            count++;
            var (error, isExact) = ShapeVerdict.Of(test);
            if (error is not null) failures.Add(test.Name, error);
            else if (isExact) exact++;
        }
        log.WriteLine($"{archive}: {count - failures.Count} of {count} cases agree, {exact} of them exactly.");
        foreach (var (name, error) in failures) log.WriteLine($"  {name}: {error}");
        Assert.True(count > 0);
        Assert.Equal(KnownShapeFailures.In(archive).Order(StringComparer.Ordinal), failures.Keys);
    }
}
