namespace ServingStack.Engine.Lowering;

/// <summary>Operators that change a shape and move no byte: their output lies where their input does.</summary>
internal static class Views
{
    public static IEnumerable<LoweringRow> Rows { get; } =
    [
        .. new[] { "Reshape", "Flatten", "Squeeze", "Unsqueeze" }.Select(op => new LoweringRow("", op, Reshape)),
        new("", "Identity", Identity),
        new("", "Dropout", Dropout),
    ];

    private static string? Reshape(LoweringContext context, PlanNode node)
    {
        var input = node.X;
        context.Place(node.Y, Layout.Plain, context.Read(input, Layout.Plain));
        return null;
    }

    private static string? Identity(LoweringContext context, PlanNode node)
    {
        var home = context.HomeOf(node.X);
        context.Place(node.Y, home, context.Read(node.X, home));
        return null;
    }

    /// <summary>Nothing is dropped when a trained model is used; the mask, which nobody reads then, has no kernel.</summary>
    private static string? Dropout(LoweringContext context, PlanNode node)
    {
        if (node.Asks(1)) return "its mask is asked for";
        if (node.Input(2) is { } training && (training.Constant is not { } flag || flag.Bytes.Span[0] != 0)) return "it is in training mode";
        return Identity(context, node);
    }
}
