using ServingStack.Kernels;

namespace ServingStack.Engine.Lowering;

/// <summary>A step before memory is planned: what it reads and writes, and how to bind its kernel once addresses are known.</summary>
internal sealed record LoweredStep(PlanStep Description, Operand[] Reads, Operand[] Writes, Func<AddressMap, BoundKernel> Bind);

/// <summary>Addresses of operands in one plan's arena.</summary>
internal readonly record struct AddressMap(nint Arena)
{
    public nint this[Operand operand] =>
        operand.Constant is { } constant ? constant.Address + (nint)operand.Offset : Arena + (nint)(operand.Storage!.Offset + operand.Offset);
}
