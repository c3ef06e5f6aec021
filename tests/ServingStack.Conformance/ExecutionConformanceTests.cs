using ServingStack.Tests.Shared;
using Xunit.Abstractions;

namespace ServingStack.Conformance;

/// <summary>
/// Every case of ONNX's backend tests that runs on our kernels alone gives the expected outputs. Each case is tried as it is, and with
/// all inputs but the first made constants, which is how models in use look and what most kernels ask for.
/// </summary>
public class ExecutionConformanceTests(ITestOutputHelper log)
{
    [DataTheory]
    [InlineData("node.zip", 400)]
    [InlineData("simple.zip", 1)]
    [InlineData("pytorch-operator.zip", 10)]
    [InlineData("pytorch-converted.zip", 40)]
    public void BackendCases_OnOurKernels_GiveExpectedOutputs(string archive, int leastOnKernels)
    {
        var verdicts = BackendCase.ReadAll(archive).SelectMany(ExecutionVerdict.Of).ToArray();
        var onKernels = verdicts.Where(v => v.Way == ExecutionWay.Kernels).ToArray();
        var failures = onKernels.Where(v => v.Error is not null).ToArray();
        foreach (var way in verdicts.GroupBy(v => v.Way).OrderBy(g => g.Key)) log.WriteLine($"{archive}: {way.Count()} runs {way.Key}");
        foreach (var failure in failures) log.WriteLine($"  {failure.Name}: {failure.Error}");
        foreach (var refusal in verdicts.Where(v => v.Way != ExecutionWay.Kernels)) log.WriteLine($"  [{refusal.Way}] {refusal.Name}: {refusal.Reason}");

        Assert.InRange(onKernels.Length - failures.Length, leastOnKernels, int.MaxValue);
        Assert.Equal(KnownExecutionFailures.In(archive).Order(StringComparer.Ordinal), failures.Select(v => v.Name).Order(StringComparer.Ordinal));
    }
}
