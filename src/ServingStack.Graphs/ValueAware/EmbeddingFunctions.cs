namespace ServingStack.Graphs.ValueAware;

/// <summary>
/// The functions of <see cref="Domains.Own"/> that look up rows of a table of codes, with a scale and a bias for each row:
/// <c>(codes, indices, scales, biases) -> floats</c>. Scales and biases are float16 [rows, 1].
/// </summary>
public static class EmbeddingFunctions
{
    /// <summary>Codes of 8 bits, [rows, dimension].</summary>
    public const string Bytes = "EmbeddingRows8";

    /// <summary>Codes of 4 bits, [rows, dimension / 2]: the first half of a row in the low halves of its bytes.</summary>
    public const string Nibbles = "EmbeddingRows4";

    /// <summary>The bits of a call's codes; null where a node is none.</summary>
    public static int? BitsOf(Node node) =>
        node.Domain != Domains.Own ? null : node.OpType switch { Bytes => 8, Nibbles => 4, _ => null };

    /// <summary>Makes the function for codes of 4 or 8 bits known to a graph, and gives its name.</summary>
    public static string AddTo(Graph graph, int bits)
    {
        var name = bits == 4 ? Nibbles : Bytes;
        if (!graph.Functions.Exists(f => f.Domain == Domains.Own && f.Name == name))
            graph.Functions.Add(new(Domains.Own, name, Body(name, graph.Opset, bits)));
        graph.Opsets[Domains.Own] = 1;
        return name;
    }

    private static Graph Body(string name, long opset, int bits)
    {
        var body = new Graph(name);
        body.Opsets[""] = opset;
        foreach (var input in (string[])["codes", "indices", "scales", "biases"])
        {
            body.Reserve(input);
            body.Inputs.Add(new Value(input));
        }
        var indices = body.Inputs[1];
        Value Rows(Value table) => body.Add("Gather", table, indices);
        Value Floats(Value value) => body.Add("Cast", new AttributeMap { { "to", (long)ElementType.Float32 } }, value);
        var codes = Rows(body.Inputs[0]);
        if (bits == 4)
            codes = body.Add("Concat", new AttributeMap { { "axis", -1L } },
                body.Add("BitwiseAnd", codes, body.AddConstant(Tensor.From<byte>([15], 1))),
                body.Add("BitShift", new AttributeMap { { "direction", "RIGHT" } }, codes, body.AddConstant(Tensor.From<byte>([4], 1))));
        var scaled = body.Add("Mul", Floats(codes), Floats(Rows(body.Inputs[2])));
        body.Outputs.Add(body.Add("Add", scaled, Floats(Rows(body.Inputs[3]))));
        return body;
    }
}
