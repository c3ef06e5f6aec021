using System.Diagnostics;
using ServingStack.Kernels;
using ServingStack.Kernels.Embedding;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine;

/// <summary>
/// A model made ready for one combination of input shapes: write the inputs, run, read the outputs. Bytes are in ONNX's layout (row-major,
/// little-endian). Used by one thread at a time. A plan belongs to its session and must not be used after the session let go of it.
/// </summary>
public sealed class Plan : IDisposable
{
    private readonly PlanTensor[] _inputs;
    private readonly PlanTensor[] _outputs;
    private readonly BoundKernel[] _kernels;
    private readonly (GatherKernel Kernel, string Step)[] _lookups;
    private readonly long[] _stepTicks;
    private readonly IDisposable _memory;
    private readonly WorkerTeam? _team;

    /// <param name="team">Splits steps across its workers; null runs all on the caller's thread.</param>
    internal Plan(PlanTensor[] inputs, PlanTensor[] outputs, PlanStep[] steps, BoundKernel[] kernels, IDisposable memory, WorkerTeam? team = null)
    {
        _inputs = inputs;
        _outputs = outputs;
        _kernels = kernels;
        _memory = memory;
        _team = team;
        _stepTicks = new long[steps.Length];
        _lookups = [.. kernels.Select((k, i) => (Kernel: k as GatherKernel, steps[i].Name)).Where(p => p.Kernel is not null).Select(p => (p.Kernel!, p.Name))];
        Steps = steps;
        FallbackSteps = steps.Count(s => s.Backend == PlanStep.OnnxRuntimeBackend);
    }

    public int InputCount => _inputs.Length;

    public int OutputCount => _outputs.Length;

    /// <summary>In the order in which they run.</summary>
    public IReadOnlyList<PlanStep> Steps { get; }

    /// <summary>How many steps run on ONNX Runtime because no kernel of ours takes them.</summary>
    public int FallbackSteps { get; }

    /// <summary>The size of the memory that all activations share; 0 for a whole model on ONNX Runtime.</summary>
    public long ArenaBytes { get; init; }

    /// <summary>What each step took in the last run, in ticks of <see cref="Stopwatch"/>.</summary>
    public ReadOnlySpan<long> StepTicks => _stepTicks;

    /// <summary>The bytes of an input, to be written before each run.</summary>
    public Span<byte> Input(int index) => _inputs[index].Bytes;

    public long[] InputShape(int index) => _inputs[index].Shape;

    /// <summary>The bytes of an output, valid until the next run.</summary>
    public ReadOnlySpan<byte> Output(int index) => _outputs[index].Bytes;

    /// <summary>The extents of an output; where they depend on data, those of the last run.</summary>
    public long[] OutputShape(int index) => _outputs[index].Shape;

    /// <summary>Computes the outputs from the inputs. On our own kernels it allocates nothing.</summary>
    /// <exception cref="InputException">An index was outside its table; the outputs of this run mean nothing then.</exception>
    public void Run()
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < _kernels.Length; i++)
        {
            if (_team is null) _kernels[i].Run(0, 1);
            else _team.Run(_kernels[i]);
            var end = Stopwatch.GetTimestamp();
            _stepTicks[i] = end - start;
            start = end;
        }
        foreach (var (kernel, step) in _lookups)
            if (kernel.TakeFault()) throw new InputException($"An index that step '{step}' looked up is outside its table: check the model's integer inputs.");
    }

    /// <summary>The steps as a readable table.</summary>
    public string Dump() => PlanDump.Write(this);

    public void Dispose() => _memory.Dispose();
}
