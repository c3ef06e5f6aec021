using ServingStack.Kernels;
using ServingStack.Kernels.Machine;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine.Lowering;

/// <summary>Gives every operand its place in one arena, and binds the kernels to it.</summary>
internal static class PlanBuilder
{
    public static Plan Build(LoweredGraph graph, WorkerTeam? team)
    {
        var arena = new NativeBuffer(PlaceStorages(graph));
        var memory = new PlanMemory([arena, .. graph.Constants]);
        try
        {
            var kernels = Bind(graph.Steps, new AddressMap(arena.Address), memory);
            var steps = graph.Steps.Select((step, i) => Describe(step, kernels[i])).ToArray();
            return new Plan(TensorsOf(graph.Inputs, arena), TensorsOf(graph.Outputs, arena), steps, kernels, memory, team)
            {
                ArenaBytes = arena.ByteLength,
            };
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Inputs live to the end, so that a plan may be run again on what was written once; outputs live until they are read.
    /// </summary>
    private static long PlaceStorages(LoweredGraph graph)
    {
        foreach (var input in graph.Inputs)
        {
            input.Place.Storage!.UseAt(Storage.BeforeRun);
            input.Place.Storage!.UseAt(Storage.AfterRun);
        }
        foreach (var output in graph.Outputs) output.Place.Storage?.UseAt(Storage.AfterRun);
        var storages = graph.Steps.SelectMany(s => s.Reads.Concat(s.Writes)).Concat(graph.Inputs.Concat(graph.Outputs).Select(t => t.Place))
            .Select(o => o.Storage).OfType<Storage>().Distinct().ToArray();
        var (offsets, bytes) = MemoryPlanner.Place(Array.ConvertAll(storages, s => new Lifetime(s.Bytes, s.FirstStep, s.LastStep)));
        for (var i = 0; i < storages.Length; i++) storages[i].Offset = offsets[i];
        return bytes;
    }

    private static BoundKernel[] Bind(IReadOnlyList<LoweredStep> steps, AddressMap addresses, PlanMemory memory)
    {
        var kernels = new BoundKernel[steps.Count];
        for (var i = 0; i < kernels.Length; i++)
        {
            kernels[i] = Bind(steps[i], addresses);
            if (kernels[i] is IDisposable disposable) memory.Add(disposable);
        }
        return kernels;
    }

    /// <summary>What a kernel refuses only when it sees sizes and types is a refusal like any other.</summary>
    private static BoundKernel Bind(LoweredStep step, AddressMap addresses)
    {
        try
        {
            return step.Bind(addresses);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new LoweringException($"{step.Description.OpType} '{step.Description.Name}' cannot be bound: {e.Message}");
        }
    }

    private static PlanStep Describe(LoweredStep step, BoundKernel kernel) => step.Description with
    {
        Kernel = kernel.KernelName,
        ArenaOffset = step.Writes[0] is { Storage: { } storage } place ? storage.Offset + place.Offset : -1,
    };

    private static PlanTensor[] TensorsOf(IReadOnlyList<LoweredTensor> tensors, NativeBuffer arena) =>
        [.. tensors.Select(t => new ArenaTensor(
            t.Spec, t.Place.Constant ?? arena, t.Place.Offset + (t.Place.Storage?.Offset ?? 0), checked((int)t.Place.Bytes)))];
}
