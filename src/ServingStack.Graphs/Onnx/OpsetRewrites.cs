using System.Text;

namespace ServingStack.Graphs.Onnx;

/// <summary>How each operator of an older opset is written today; the rows of <see cref="OpsetUpgrade"/> say since when.</summary>
internal static class OpsetRewrites
{
    /// <summary>Constant nodes become constants, except where the value comes from a function's caller or is sparse.</summary>
    public static void InlineConstant(UpgradeSite site)
    {
        if (site.Attributes.Select(a => a.Value).FirstOrDefault() is not { } value || ConstantOf(value) is not { } tensor) return;
        var output = site.Node.Outputs[0];
        site.Graph.Remove(site.Node);
        (output.Constant, output.ElementType, output.Shape) = (tensor, tensor.ElementType, tensor.Shape);
    }

    public static void ClipBounds(UpgradeSite site)
    {
        site.SetScalar(1, site.TakeFloat("min"));
        site.SetScalar(2, site.TakeFloat("max"));
    }

    public static void Axes(UpgradeSite site) => site.SetInput(1, site.TakeInts("axes"));

    public static void SliceBounds(UpgradeSite site)
    {
        site.SetInput(1, site.TakeInts("starts"));
        site.SetInput(2, site.TakeInts("ends"));
        site.SetInput(3, site.TakeInts("axes"));
    }

    public static void PadAmounts(UpgradeSite site)
    {
        site.SetInput(1, site.TakeInts("pads"));
        site.SetScalar(2, site.TakeFloat("value"));
    }

    public static void SplitSizes(UpgradeSite site)
    {
        if (site.Opset < 13) site.SetInput(1, site.TakeInts("split"));
        if (site.Node.Input(1) is null) site.Attributes["num_outputs"] = (long)site.Node.Outputs.Count;
    }

    public static void TopKCount(UpgradeSite site)
    {
        var count = site.Attributes.Int("k", 1);
        site.Attributes.Remove("k");
        site.SetInput(1, [count]);
    }

    public static void DftAxis(UpgradeSite site)
    {
        var axis = site.Attributes.Int("axis", 1);
        site.Attributes.Remove("axis");
        site.SetInput(2, Tensor.Scalar(axis));
    }

    /// <summary>In opset 6, B is aligned with A from the attribute <c>axis</c> on, and only when <c>broadcast</c> says so.</summary>
    public static void BroadcastAttribute(UpgradeSite site)
    {
        site.Attributes.Remove("broadcast");
        if (!site.Attributes.Contains("axis")) return;
        var axis = site.Attributes.Int("axis", 0);
        site.Attributes.Remove("axis");
        if (site.Node.Input(0)?.Shape is not { } a || site.Node.Input(1) is not { Shape: { } b } right)
            throw site.Fail("it broadcasts along an axis, and the inputs' ranks are not declared");
        var behind = (int)(a.Rank - b.Rank - (axis < 0 ? axis + a.Rank : axis));
        if (behind <= 0) return;
        var axes = Enumerable.Range(b.Rank, behind).Select(i => (long)i).ToArray();
        var aligned = Insert(site, "Unsqueeze", new(), right, site.Graph.AddConstant(Tensor.From<long>(axes, behind)));
        site.Node.SetInput(1, aligned);
    }

    public static void InferenceOnly(UpgradeSite site)
    {
        if (site.Attributes.Int("spatial", 1) != 1) throw site.Fail("its statistics are per element, which only opset 7 had");
        foreach (var name in (string[])["spatial", "is_test", "consumed_inputs"]) site.Attributes.Remove(name);
    }

    public static void InferenceDropout(UpgradeSite site)
    {
        foreach (var name in (string[])["ratio", "is_test"]) site.Attributes.Remove(name);
    }

    public static void GridSampleMode(UpgradeSite site) => site.Attributes["mode"] = site.Attributes.String("mode", "bilinear") switch
    {
        "bilinear" => "linear",
        "bicubic" => "cubic",
        var mode => mode,
    };

    public static void RoiAlignMode(UpgradeSite site)
    {
        if (!site.Attributes.Contains("coordinate_transformation_mode"))
            site.Attributes["coordinate_transformation_mode"] = "output_half_pixel";
    }

    /// <summary>Upsample takes its scales from an attribute in opset 7 and from input 1 in opset 9.</summary>
    public static void UpsampleToResize(UpgradeSite site)
    {
        var scales = site.Attributes.Floats("scales");
        site.Attributes.Remove("scales");
        site.Node.OpType = "Resize";
        if (scales is not null) site.SetInput(1, Tensor.From<float>(scales, scales.Length));
        ResizeAsymmetric(site);
    }

    /// <summary>Before opset 11 the scales are input 1 and coordinates map without an offset.</summary>
    public static void ResizeAsymmetric(UpgradeSite site)
    {
        var scales = site.Node.Input(1) ?? throw site.Fail("it has no scales");
        site.Node.AddInput(scales);
        site.Node.SetInput(1, null);
        site.Attributes["coordinate_transformation_mode"] = "asymmetric";
        if (site.Attributes.String("mode", "nearest") == "nearest") site.Attributes["nearest_mode"] = "floor";
    }

    /// <summary>
    /// Before opset 13 softmax runs over all axes from the given one on, as if they were one: Flatten, today's operator, and the shape
    /// back. Where the axis is the last one of a known rank both forms agree.
    /// </summary>
    public static void FlattenedSoftmax(UpgradeSite site)
    {
        var axis = site.Attributes.Int("axis", 1);
        site.Attributes["axis"] = -1L;
        var x = site.Node.Inputs[0] ?? throw site.Fail("it has no input");
        if (axis == -1 || (x.Shape is { } shape && axis == shape.Rank - 1)) return;
        var shapeOf = Insert(site, "Shape", new(), x);
        site.Node.SetInput(0, Insert(site, "Flatten", new() { ["axis"] = axis }, x));
        var result = site.Node.Outputs[0];
        var flat = new Value(site.Graph.FreshName("flat"));
        site.Node.SetOutput(0, flat);
        site.Graph.InsertAfter(site.Node, new Node("Reshape", [flat, shapeOf], [result], site.Graph.FreshName("reshape")));
    }

    private static Value Insert(UpgradeSite site, string opType, AttributeMap attributes, params Value[] inputs)
    {
        var name = site.Graph.FreshName(opType.ToLowerInvariant());
        var output = new Value(name);
        site.Graph.InsertBefore(site.Node, new Node(opType, inputs, [output], name) { Attributes = attributes });
        return output;
    }

    private static Tensor? ConstantOf(object value) => value switch
    {
        Tensor tensor => tensor,
        float number => Tensor.Scalar(number),
        long number => Tensor.Scalar(number),
        float[] numbers => Tensor.From<float>(numbers, numbers.Length),
        long[] numbers => Tensor.From<long>(numbers, numbers.Length),
        string text => new Tensor([], [Encoding.UTF8.GetBytes(text)]),
        string[] texts => new Tensor([texts.Length], Array.ConvertAll(texts, Encoding.UTF8.GetBytes)),
        _ => null,
    };
}
