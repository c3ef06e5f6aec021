namespace ServingStack.Engine;

/// <summary>What turns a model into plans for given input shapes. Thread-safe; plans of one backend share its weights.</summary>
internal interface IBackend : IDisposable
{
    Plan BuildPlan(IReadOnlyList<long[]> inputShapes);
}
