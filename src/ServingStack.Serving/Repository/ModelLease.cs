namespace ServingStack.Serving.Repository;

/// <summary>The right to use a model until disposed: it is not unloaded before.</summary>
public readonly struct ModelLease : IDisposable
{
    internal ModelLease(ServedModel model) => Model = model;

    public ServedModel Model { get; }

    public void Dispose() => Model.Release();
}
