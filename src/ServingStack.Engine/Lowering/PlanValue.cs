using ServingStack.Graphs;
using ServingStack.Graphs.Inference;
using ServingStack.Kernels;

namespace ServingStack.Engine.Lowering;

/// <summary>A value of the graph with what is known of it once all input shapes are numbers. One object a value and plan.</summary>
internal sealed class PlanValue(Value source, ValueFacts facts)
{
    private readonly long[]? _shape = facts.Shape is { IsFixed: true } shape ? shape.ToFixed() : null;

    public string Name => source.Name;

    public ElementType ElementType => facts.ElementType;

    /// <summary>The data, where it follows from constants and shapes.</summary>
    public Tensor? Constant => facts.Data;

    public bool IsConstant => facts.Data is not null;

    /// <summary>Whether the data is the same for all input shapes, so that plans may share a copy.</summary>
    public bool IsModelConstant => source.IsConstant;

    /// <summary>The extents; throws <see cref="LoweringException"/> where they depend on data.</summary>
    public long[] Shape => _shape
        ?? throw new LoweringException($"The shape of '{Name}' ({facts.Shape?.ToString() ?? "unknown rank"}) depends on data.");

    public long ElementCount => Axes.Product(Shape);

    /// <summary>The size of a dense tensor; throws <see cref="LoweringException"/> for strings and what is no tensor.</summary>
    public long ByteLength => ElementType.BitsOf() > 0 ? ElementType.BytesFor(ElementCount)
        : throw new LoweringException($"'{Name}' is a tensor of {ElementType}, which has no place in an arena.");

    /// <summary>The kernels' name of the element type, or null where no kernel computes on it.</summary>
    public DataType? KernelType => ElementType switch
    {
        ElementType.Float32 => DataType.Float32,
        ElementType.UInt8 => DataType.UInt8,
        ElementType.Int8 => DataType.Int8,
        ElementType.Int32 => DataType.Int32,
        ElementType.Int64 => DataType.Int64,
        ElementType.Bool => DataType.Bool,
        ElementType.Float16 => DataType.Float16,
        _ => null,
    };
}
