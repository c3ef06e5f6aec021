using ServingStack.Graphs.Onnx;

namespace ServingStack.Graphs.Tests.Support;

/// <summary>
/// Writes the operators of our internal domains out in standard ONNX, by their definition, so that ONNX Runtime can run a graph after
/// fusion: QConv is DequantizeLinear, Conv, Add, Clip, QuantizeLinear again.
/// </summary>
internal static class StandardForm
{
    private static readonly string[] OwnAttributes =
    [
        "x_scale", "x_zero_point", "w_scale", "y_scale", "y_zero_point", "r_scale", "r_zero_point", "s_scale", "s_zero_point", "s_signed", "a_scale", "a_zero_point", "b_scale",
            "b_zero_point",
        "clamp_min", "clamp_max", "activation_min", "activation_max",
    ];

    /// <summary>A copy; the graph is left as it is.</summary>
    public static Graph Of(Graph graph)
    {
        var copy = OnnxReader.Load(OnnxWriter.ToBytes(graph));
        ShapeInference.Run(copy);
        foreach (var node in copy.Nodes.Where(n => n.Domain.StartsWith("servingstack.", StringComparison.Ordinal)).ToArray())
            new Expansion(copy, node).Run();
        foreach (var domain in copy.Opsets.Keys.Where(d => d.Length > 0).ToArray()) copy.Opsets.Remove(domain);
        return copy;
    }

    private sealed class Expansion(Graph graph, Node node)
    {
        public void Run()
        {
            if (node.OpType == "ChannelShuffle")
            {
                Shuffle();
                return;
            }
            if (node.OpType == "EmbeddingBag")
            {
                LookUp();
                return;
            }
            var y = node.OpType switch
            {
                "QConv" => Layer("Conv", node.Input(2) is null ? null : DequantizedBias()),
                "QGemm" => QGemm(),
                "QAdd" => Emit("Add", Dequantize(node.Inputs[0]!, "a"), Dequantize(node.Inputs[1]!, "b")),
                "QMul" => Emit("Mul", Dequantize(node.Inputs[0]!, "a"), Dequantize(node.Inputs[1]!, "b")),
                "QAffine" => Affine(Dequantize(Parts(), "x")),
                "FusedAffine" => Affine(Parts()),
                "QConcat" => Emit("Concat", [.. node.Inputs.Select((v, i) =>
                    Dequantize(v!, node.Attributes.Floats("x_scale")![i], node.Attributes.Ints("x_zero_point")![i]))]),
                "QGlobalAveragePool" or "QAveragePool" or "QSigmoid" => Emit(node.OpType[1..], Dequantize(node.Inputs[0]!, "x")),
                "FusedAdd" => Emit("Add", [.. node.Inputs]),
                _ => Residual(Emit(node.OpType["Fused".Length..], [.. node.Inputs.Take(3)])),
            };
            Finish(y);
        }

        private void Shuffle()
        {
            var shape = node.Inputs[0]!.Shape!.Select(d => d.IsFixed ? d.Value : 0).ToArray();
            var groups = node.Attributes.Int("groups", 1);
            long[] split = [0, groups, shape[1] / groups, .. shape[2..]];
            var axes = Enumerable.Range(0, split.Length).Select(axis => axis switch { 1 => 2L, 2 => 1L, _ => axis }).ToArray();
            var turned = Emit("Transpose", new AttributeMap { ["perm"] = axes }, Reshaped(node.Inputs[0]!, split));
            Finish(Reshaped(turned, [0, .. shape[1..]]));
        }

        private void LookUp()
        {
            var table = node.Inputs[0]!;
            if (node.Input(2) is { } scale) table = Emit("DequantizeLinear", new AttributeMap { ["axis"] = 0L }, table, scale, node.Input(3));
            var rows = Emit("Gather", new AttributeMap(), table, node.Inputs[1]);
            var pooling = node.Attributes.String("pooling", "none");
            var keep = new AttributeMap { ["keepdims"] = node.Attributes.Int("keepdims", 0) };
            Finish(pooling == "none" ? rows : Emit(pooling == "sum" ? "ReduceSum" : "ReduceMean", keep, rows,
                graph.AddConstant(Tensor.From<long>([-2], 1))));
        }

        private Value Parts()
        {
            if (node.Inputs.Count == 3) return node.Inputs[0]!;
            var joined = Emit("Concat", new AttributeMap { ["axis"] = 1L }, [node.Inputs[0], .. node.Inputs.Skip(3)]);
            (joined.ElementType, joined.Shape) = (node.Inputs[0]!.ElementType, node.Outputs[0].Shape);
            return joined;
        }

        private Value Affine(Value x)
        {
            Value Vector(int input)
            {
                long[] extents = [-1, .. Enumerable.Repeat(1L, x.Shape?.Rank - 2 ?? 2)];
                return Reshaped(node.Inputs[input]!, extents);
            }
            return Emit("Add", Emit("Mul", x, Vector(1)), Vector(2));
        }

        private Value Reshaped(Value x, long[] extents) =>
            Emit("Reshape", new AttributeMap(), x, graph.AddConstant(Tensor.From<long>(extents, extents.Length)));

        private Value Layer(string opType, Value? bias) =>
            Residual(Emit(opType, Dequantize(node.Inputs[0]!, "x"), DequantizedWeights(0), bias));

        /// <summary>The rows of A may have leading axes, which Gemm does not take: MatMul and Add then.</summary>
        private Value QGemm()
        {
            var transposed = node.Attributes.Int("transB", 0) != 0;
            node.Attributes.Remove("transB");
            var weights = DequantizedWeights(transposed ? 0 : 1);
            if (transposed) weights = Emit("Transpose", weights);
            var product = Emit("MatMul", Dequantize(node.Inputs[0]!, "x"), weights);
            return Residual(node.Input(2) is null ? product : Emit("Add", product, DequantizedBias()));
        }

        private Value Residual(Value y) => node.Input(3) is not { } r ? y
            : Emit("Add", node.Attributes.Contains("s_scale") ? Requantized(y) : y, node.Domain == Domains.Quantized ? Dequantize(r, "r") : r);

        private Value Requantized(Value y)
        {
            var scale = graph.AddConstant(Tensor.Scalar(node.Attributes.Float("s_scale", 1)));
            var type = node.Attributes.Int("s_signed", 0) != 0 ? ElementType.Int8 : ElementType.UInt8;
            var zero = graph.AddConstant(Number(node.Attributes.Int("s_zero_point", 0), type));
            return Emit("DequantizeLinear", new AttributeMap(), Emit("QuantizeLinear", new AttributeMap(), y, scale, zero), scale, zero);
        }

        private Value DequantizedWeights(long axis)
        {
            var scales = node.Attributes.Floats("w_scale")!;
            var scale = graph.AddConstant(scales.Length == 1 ? Tensor.Scalar(scales[0]) : Tensor.From<float>(scales, scales.Length));
            return Emit("DequantizeLinear", new AttributeMap { ["axis"] = axis }, node.Inputs[1], scale);
        }

        private Value DequantizedBias()
        {
            var units = node.Inputs[2]!.Constant!.As<int>();
            var scales = node.Attributes.Floats("w_scale")!;
            var floats = new float[units.Length];
            for (var i = 0; i < floats.Length; i++)
                floats[i] = units[i] * node.Attributes.Float("x_scale", 1) * scales[scales.Length == 1 ? 0 : i];
            return graph.AddConstant(Tensor.From<float>(floats, floats.Length));
        }

        private Value Dequantize(Value q, string prefix) =>
            Dequantize(q, node.Attributes.Float(prefix + "_scale", float.NaN), node.Attributes.Int(prefix + "_zero_point", 0));

        private Value Dequantize(Value q, float scale, long zero) =>
            Emit("DequantizeLinear", new AttributeMap(), q, graph.AddConstant(Tensor.Scalar(scale)),
                graph.AddConstant(Number(zero, q.ElementType)));

        /// <summary>The activation or the requantization, and the node's own output at the end.</summary>
        private void Finish(Value y)
        {
            if (node.Attributes.Contains("activation_min"))
                y = Emit("Clip", new AttributeMap(), y, graph.AddConstant(Tensor.Scalar(node.Attributes.Float("activation_min", 0))),
                    graph.AddConstant(Tensor.Scalar(node.Attributes.Float("activation_max", 0))));
            var type = node.Outputs[0].ElementType;
            if (node.Attributes.Contains("y_scale"))
            {
                y = Emit("QuantizeLinear", new AttributeMap(), y, graph.AddConstant(Tensor.Scalar(node.Attributes.Float("y_scale", 1))),
                    graph.AddConstant(Number(node.Attributes.Int("y_zero_point", 0), type)));
                y = Emit("Clip", new AttributeMap(), y, Bound("clamp_min", type), Bound("clamp_max", type));
            }
            graph.ReplaceUses(node.Outputs[0], y);
            y.Name = node.Outputs[0].Name;
            (y.ElementType, y.Shape) = (type, node.Outputs[0].Shape);
            graph.Remove(node);
        }

        private Value? Bound(string name, ElementType type) =>
            node.Attributes.Contains(name) ? graph.AddConstant(Number((long)node.Attributes.Float(name, 0), type)) : null;

        private static Tensor Number(long value, ElementType type) => type == ElementType.UInt8 ? Tensor.Scalar((byte)value)
            : Tensor.Scalar((sbyte)value);

        private Value Emit(string opType, params Value?[] inputs)
        {
            var attributes = new AttributeMap();
            if (opType is not ("Add" or "Mul" or "MatMul" or "Transpose" or "Sigmoid"))
                foreach (var (name, value) in node.Attributes)
                    if (!OwnAttributes.Contains(name)) attributes[name] = value;
            return Emit(opType, attributes, inputs);
        }

        private Value Emit(string opType, AttributeMap attributes, params Value?[] inputs)
        {
            var output = new Value(graph.FreshName("standard"));
            graph.InsertBefore(node, new Node(opType, inputs, [output], graph.FreshName(opType)) { Attributes = attributes });
            return output;
        }
    }
}
