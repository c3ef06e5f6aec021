using ServingStack.Graphs;
using ServingStack.Graphs.Passes;
using ServingStack.Kernels;
using ServingStack.Kernels.Machine;

namespace ServingStack.Engine.Lowering;

/// <summary>
/// A plan in the making: where each value lies, in which layout, and the steps so far. A value has a home layout, the one its producer
/// writes; another layout is made by a conversion step on first demand and shared by all readers that want it.
/// </summary>
internal sealed class LoweringContext(WeightCache weights, InstructionSet instructionSet)
{
    private readonly Dictionary<PlanValue, Layout> _homes = [];
    private readonly Dictionary<(PlanValue Value, Layout Layout), Operand> _places = [];
    private readonly List<LoweredStep> _steps = [];
    private readonly List<NativeBuffer> _ownConstants = [];

    public WeightCache Weights => weights;

    public InstructionSet InstructionSet => instructionSet;

    public IReadOnlyList<LoweredStep> Steps => _steps;

    /// <summary>Constants that hold for this plan's shapes only; the plan owns them.</summary>
    public IReadOnlyList<NativeBuffer> OwnConstants => _ownConstants;

    public Layout HomeOf(PlanValue value) => _homes.GetValueOrDefault(value, Layout.Plain);

    /// <summary>Says where a value lies, from now on.</summary>
    public Operand Place(PlanValue value, Layout layout, Operand operand)
    {
        _homes[value] = layout;
        _places[(value, layout)] = operand;
        if (Layouts.AreSame(value.Shape)) _places[(value, layout == Layout.Plain ? Layout.ChannelsLast : Layout.Plain)] = operand;
        return operand;
    }

    /// <summary>Memory for a value that a step is about to write in <paramref name="layout"/>, its home from now on.</summary>
    public Operand Write(PlanValue value, Layout layout) => Place(value, layout, Operand.InArena(value.ByteLength));

    /// <summary>Where to read a value in the given layout; emits a conversion when it lies in the other one only.</summary>
    public Operand Read(PlanValue value, Layout layout)
    {
        if (_places.TryGetValue((value, layout), out var place)) return place;
        return _places[(value, layout)] = value.IsConstant ? ReadConstant(value, value.Constant!.Rank, layout) : Convert(value, layout);
    }

    /// <summary>A constant, read as if it had leading axes of extent 1 up to <paramref name="rank"/>.</summary>
    public Operand ReadConstant(PlanValue value, int rank, Layout layout)
    {
        var tensor = value.Constant!;
        if (value.IsModelConstant)
            return Operand.InConstant(
                weights.GetOrAdd(new Constants.Key(tensor, rank, layout), () => Constants.Copy(tensor, rank, layout)), tensor.Bytes.Length);
        var own = Constants.Copy(tensor, rank, layout);
        _ownConstants.Add(own);
        return Operand.InConstant(own, tensor.Bytes.Length);
    }

    /// <summary>The layout in which an operator that takes either reads its inputs: channels last as soon as one of them lies so.</summary>
    public Layout CommonLayout(IEnumerable<PlanValue?> values) =>
        values.Any(v => v is { IsConstant: false } && HomeOf(v) == Layout.ChannelsLast) ? Layout.ChannelsLast : Layout.Plain;

    /// <summary>Adds the step that computes <paramref name="node"/> on a kernel of ours.</summary>
    public void Emit(PlanNode node, Operand[] reads, Operand[] writes, Func<AddressMap, BoundKernel> bind, string note = "") =>
        Emit(node, PlanStep.KernelsBackend, reads, writes, bind, note);

    public void Emit(PlanNode node, string backend, Operand[] reads, Operand[] writes, Func<AddressMap, BoundKernel> bind, string note)
    {
        var cost = OperatorCost.Of(node);
        var description = new PlanStep(node.Name, node.OpType, Precisions.Of(node), backend, "", cost.Flops, cost.BytesRead, cost.BytesWritten)
        {
            Shapes = node.DescribeShapes(),
            Note = node.Attributes.String(RecognizeValueAware.Reason, "") is { Length: > 0 } reason ? $"{reason}; {note}" : note,
        };
        Emit(description, reads, writes, bind);
    }

    /// <summary>Adds a step that is described by itself.</summary>
    public void Emit(PlanStep description, Operand[] reads, Operand[] writes, Func<AddressMap, BoundKernel> bind)
    {
        foreach (var operand in reads.Concat(writes)) operand.Storage?.UseAt(_steps.Count);
        _steps.Add(new LoweredStep(description, reads, writes, bind));
    }

    private Operand Convert(PlanValue value, Layout layout)
    {
        var home = HomeOf(value);
        if (!_places.TryGetValue((value, home), out var source))
            throw new LoweringException($"Value '{value.Name}' is read before any node writes it.");
        var target = Operand.InArena(value.ByteLength);
        var description = new PlanStep(
            $"{value.Name}:{layout}", "Reorder", Precisions.Of(value.ElementType), PlanStep.KernelsBackend, "", 0, source.Bytes, target.Bytes)
        {
            Shapes = Shape.Of(value.Shape).ToString(),
            Note = $"{home} to {layout}",
        };
        Emit(description, [source], [target], map => Reordering.Bind(map[source], map[target], value, home, layout));
        return target;
    }
}
