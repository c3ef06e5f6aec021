using ServingStack.Graphs;
using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine;

/// <summary>One caller's way to run a model. Not thread-safe: one thread at a time; make one session a worker.</summary>
public sealed class Session : IDisposable
{
    private readonly CompiledModel _model;
    private readonly PlanCache _plans;
    private readonly WorkerTeam? _team;

    internal Session(CompiledModel model, EngineOptions options)
    {
        _model = model;
        _plans = new PlanCache(options.MaxPlans);
        _team = options.ThreadCount > 1 ? new WorkerTeam(options.ThreadCount) : null;
    }

    /// <summary>
    /// The plan for these input shapes, built on first use. Valid until the next call: the cache is bounded, and an evicted plan is gone.
    /// Throws <see cref="InputException"/> for shapes that the model cannot take.
    /// </summary>
    public Plan PlanFor(IReadOnlyList<long[]> inputShapes)
    {
        if (_plans.Find(inputShapes) is { } known) return known;
        _model.CheckShapes(inputShapes);
        return _plans.Add(inputShapes, _model.Backend.BuildPlan(inputShapes, _team));
    }

    /// <summary>The plan for <paramref name="batch"/> rows, where the batch is the only open extent of every input.</summary>
    public Plan PlanForBatch(int batch)
    {
        if (batch < 1) throw new ArgumentOutOfRangeException(nameof(batch), batch, "A batch has one row or more.");
        return _plans.FindBatch(batch) ?? BuildForBatch(batch);
    }

    /// <summary>Runs once on tensors, in the order of the model's inputs, and returns copies of the outputs. For tools and tests.</summary>
    public Tensor[] Run(params IReadOnlyList<Tensor> inputs)
    {
        _model.CheckTypes(inputs);
        var plan = PlanFor([.. inputs.Select(t => t.Dimensions)]);
        for (var i = 0; i < inputs.Count; i++)
        {
            _model.CheckInput(i, inputs[i].Bytes.Span);
            inputs[i].Bytes.Span.CopyTo(plan.Input(i));
        }
        plan.Run();
        return [.. _model.Outputs.Select((o, i) => new Tensor(o.ElementType, plan.OutputShape(i), plan.Output(i).ToArray()))];
    }

    public void Dispose()
    {
        _plans.Dispose();
        _team?.Dispose();
    }

    // Apart from the lookup: what the lambda captures is allocated wherever it stands, used or not.
    private Plan BuildForBatch(int batch) => _plans.AddBatch(batch, PlanFor([.. _model.Inputs.Select(i => i.WithBatch(batch))]));
}
