using ServingStack.Kernels.Parallel;

namespace ServingStack.Engine;

/// <summary>What turns a model into plans for given input shapes. Thread-safe; plans of one backend share its weights.</summary>
internal interface IBackend : IDisposable
{
    /// <param name="inputShapes">One for each input of the model, already checked against its signature.</param>
    /// <param name="team">The session's workers, or null for the caller's thread alone.</param>
    Plan BuildPlan(IReadOnlyList<long[]> inputShapes, WorkerTeam? team);
}
