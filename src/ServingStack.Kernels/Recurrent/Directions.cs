namespace ServingStack.Kernels.Recurrent;

/// <summary>The directions of a bidirectional layer: independent of each other, so that each may be another worker's part.</summary>
public sealed class Directions(IReadOnlyList<BoundKernel> directions) : BoundKernel
{
    private readonly BoundKernel[] _directions = [.. directions];

    public override string KernelName => _directions[0].KernelName;

    public override int MaxParts => _directions.Length;

    public override void Run(int part, int parts)
    {
        for (var i = part; i < _directions.Length; i += parts) _directions[i].Run(0, 1);
    }
}
