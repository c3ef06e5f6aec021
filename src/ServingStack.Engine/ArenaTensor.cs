using ServingStack.Kernels.Machine;

namespace ServingStack.Engine;

/// <summary>An input or output that lies in a plan's arena, or in a constant.</summary>
internal sealed class ArenaTensor(TensorSpec spec, NativeBuffer buffer, long offset, int length) : PlanTensor(spec.Name, spec.ElementType)
{
    private readonly long[] _shape = spec.Shape.ToFixed();

    public override long[] Shape => _shape;

    public override Span<byte> Bytes => buffer.Span<byte>(offset, length);
}
