using ServingStack.Engine.Tests.Support;
using ServingStack.Graphs;
using ServingStack.Kernels.Machine;
using ServingStack.Tests.Shared;

namespace ServingStack.Engine.Tests;

public class PlanTests
{
    public static TheoryData<string> Graphs => [.. SampleGraphs.All.Keys];

    [Theory]
    [MemberData(nameof(Graphs))]
    public void Run_SampleGraph_AgreesWithOnnxRuntimeOnOurKernelsAlone(string name)
    {
        var graph = SampleGraphs.All[name]();

        // A residual that is added before rounding skips a rounding which the file asks for; a tie may still fall the other way.
        Oracle.AssertEqual(
            graph,
            SampleGraphs.Inputs(graph, 3, seed: 1),
            tolerance: name.Contains("int8", StringComparison.Ordinal) ? 0.01f : 1e-4f,
            options: new EngineOptions { DisabledPasses = new HashSet<string> { "FuseQuantizedResidual" } });
    }

    [Theory]
    [MemberData(nameof(Graphs))]
    public void Run_AfterTheFirst_AllocatesNothing(string name)
    {
        var graph = SampleGraphs.All[name]();
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        using var session = model.CreateSession();
        var plan = session.PlanForBatch(4);
        plan.Run();

        Assert.Equal(0, plan.FallbackSteps);
        Allocations.AssertNone(() =>
        {
            for (var i = 0; i < 10; i++) session.PlanForBatch(4).Run();
        });
    }

    [Theory]
    [MemberData(nameof(Graphs))]
    public void Run_RowsOfABatch_EqualRowsRunAloneToTheBit(string name)
    {
        var graph = SampleGraphs.All[name]();
        using var model = CompiledModel.Compile(graph, new EngineOptions());
        using var session = model.CreateSession();
        foreach (var batch in (int[])[2, 3, 7, 16, 33])
        {
            var inputs = SampleGraphs.Inputs(graph, batch, seed: batch);
            var together = session.Run(inputs)[0];
            for (var row = 0; row < batch; row++)
            {
                var alone = session.Run([.. inputs.Select(t => Row(t, row))])[0];
                Assert.True(alone.Bytes.Span.SequenceEqual(Row(together, row).Bytes.Span), $"{name}: row {row} of a batch of {batch}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Graphs))]
    public void Run_OnSeveralWorkers_EqualsOneWorkerToTheBit(string name)
    {
        var graph = SampleGraphs.All[name]();
        using var one = CompiledModel.Compile(graph, new EngineOptions { Threads = 1 });
        using var several = CompiledModel.Compile(graph, new EngineOptions { Threads = 3 });
        using var sessionOfOne = one.CreateSession();
        using var sessionOfSeveral = several.CreateSession();
        var inputs = SampleGraphs.Inputs(graph, 9, seed: 5);

        Assert.Equal(sessionOfOne.Run(inputs)[0].Bytes.ToArray(), sessionOfSeveral.Run(inputs)[0].Bytes.ToArray());
    }

    [Theory]
    [InlineData(InstructionSet.Portable)]
    [InlineData(InstructionSet.Avx2)]
    [InlineData(InstructionSet.Avx512Bw)]
    public void Run_HeldToALowerInstructionSet_GivesTheSameNumbers(InstructionSet level)
    {
        if (level > MachineFeatures.Current.InstructionSet) return;
        foreach (var (name, build) in SampleGraphs.All)
        {
            var graph = build();
            using var highest = CompiledModel.Compile(graph, new EngineOptions());
            using var held = CompiledModel.Compile(graph, new EngineOptions { Isa = level });
            using var sessionOfHighest = highest.CreateSession();
            using var sessionOfHeld = held.CreateSession();
            var inputs = SampleGraphs.Inputs(graph, 2, seed: 6);
            var expected = sessionOfHighest.Run(inputs)[0];
            var actual = sessionOfHeld.Run(inputs)[0];

            // Integers and their scales are the same on every level; sums of floats differ in their order.
            if (name.Contains("int8", StringComparison.Ordinal)) Assert.Equal(expected.Bytes.ToArray(), actual.Bytes.ToArray());
            else Oracle.Agree(expected, actual, 1e-5f, name);
        }
    }

    [Fact]
    public void StepTicks_AfterARun_SumToItsTimeAtMost()
    {
        using var model = CompiledModel.Compile(SampleGraphs.Residual(quantized: false), new EngineOptions());
        using var session = model.CreateSession();
        var plan = session.PlanForBatch(8);

        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        plan.Run();
        var elapsed = System.Diagnostics.Stopwatch.GetTimestamp() - start;

        Assert.Equal(plan.Steps.Count, plan.StepTicks.Length);
        Assert.All(plan.StepTicks.ToArray(), t => Assert.True(t >= 0));
        Assert.InRange(plan.StepTicks.ToArray().Sum(), 1, elapsed);
    }

    [Fact]
    public void Dump_OfAPlan_HasALineAStepWithKernelAndCost()
    {
        using var model = CompiledModel.Compile(SampleGraphs.Residual(quantized: true), new EngineOptions());
        using var session = model.CreateSession();
        var plan = session.PlanForBatch(1);

        var lines = plan.Dump().Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(plan.Steps.Count + 2, lines.Length);
        Assert.All(plan.Steps.Zip(lines.Skip(1)), p =>
        {
            Assert.Contains(p.First.Kernel, p.Second, StringComparison.Ordinal);
            Assert.Contains($"{p.First.Flops}", p.Second, StringComparison.Ordinal);
        });
    }

    private static Tensor Row(Tensor tensor, int row)
    {
        var size = tensor.Bytes.Length / (int)tensor.Dimensions[0];
        return new Tensor(tensor.ElementType, [1, .. tensor.Dimensions[1..]], tensor.Bytes.Slice(row * size, size));
    }
}
