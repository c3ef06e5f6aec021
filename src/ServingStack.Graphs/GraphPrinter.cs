using System.Globalization;
using System.Text;

namespace ServingStack.Graphs;

/// <summary>
/// Writes a graph as text for people and golden tests: one line for each input, constant, node and output. Constants of at most
/// <see cref="ShownElements"/> elements show their values, larger ones a checksum, so that equal text means an equal graph.
/// </summary>
public static class GraphPrinter
{
    private const int ShownElements = 8;

    public static string Print(Graph graph)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"graph {graph.Name} {OpsetsOf(graph)}\n");
        foreach (var (key, value) in graph.Metadata) text.Append(CultureInfo.InvariantCulture, $"  meta {key} = {value}\n");
        PrintBody(graph, text, "  ", []);
        foreach (var function in graph.Functions)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"function {function.Domain}.{function.Name}({string.Join(", ", function.Attributes)}) {OpsetsOf(function.Body)}\n");
            foreach (var (name, value) in function.DefaultAttributes)
                text.Append(CultureInfo.InvariantCulture, $"  default {name}={Format(value)}\n");
            PrintBody(function.Body, text, "  ", []);
        }
        return text.ToString();
    }

    /// <summary>One node without its subgraphs' bodies, for messages and dumps.</summary>
    public static string Print(Node node)
    {
        var text = new StringBuilder();
        text.AppendJoin(", ", node.Outputs.Select(o => o.Name.Length == 0 ? "_" : o.ToString()));
        text.Append(" = ").Append(node.Domain.Length == 0 ? "" : node.Domain + ".").Append(node.OpType);
        text.Append('(').AppendJoin(", ", node.Inputs.Select(i => i is null ? "_" : "%" + i.Name)).Append(')');
        if (node.Attributes.Count > 0)
            text.Append(" {").AppendJoin(", ", node.Attributes.Select(a => $"{a.Key}={Format(a.Value)}")).Append('}');
        return text.ToString();
    }

    private static void PrintBody(Graph graph, StringBuilder text, string indent, HashSet<Value> printed)
    {
        foreach (var input in graph.Inputs) text.Append(CultureInfo.InvariantCulture, $"{indent}input {input}\n");
        foreach (var constant in graph.Nodes.SelectMany(n => n.Inputs).Concat(graph.Outputs).OfType<Value>().Where(v => v.IsConstant))
            if (printed.Add(constant))
                text.Append(CultureInfo.InvariantCulture, $"{indent}const {constant} = {Format(constant.Constant!)}\n");
        foreach (var node in graph.Nodes)
        {
            text.Append(indent).Append(Print(node)).Append('\n');
            foreach (var subgraph in node.Subgraphs)
            {
                text.Append(CultureInfo.InvariantCulture, $"{indent}  graph {subgraph.Name}\n");
                PrintBody(subgraph, text, indent + "    ", printed);
            }
        }
        foreach (var output in graph.Outputs) text.Append(CultureInfo.InvariantCulture, $"{indent}output {output}\n");
    }

    private static string OpsetsOf(Graph graph)
    {
        var opsets = graph.Opsets.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => $"{(o.Key.Length == 0 ? "opset" : o.Key)} {o.Value}");
        return $"[{string.Join(", ", opsets)}]";
    }

    private static string Format(object value) => value switch
    {
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        long number => number.ToString(CultureInfo.InvariantCulture),
        string text => $"\"{text}\"",
        byte[] bytes => Convert.ToHexString(bytes),
        Tensor tensor => $"{tensor.ElementType}{tensor.Shape} {Format(tensor)}",
        Graph graph => $"<{graph.Name}>",
        OpaqueProto opaque => $"{opaque.Message} {Convert.ToHexString(opaque.Encoded.Span)}",
        AttributeReference reference => "@" + reference.Name,
        Array items => $"[{string.Join(", ", items.Cast<object>().Select(Format))}]",
        _ => value.ToString() ?? "",
    };

    private static string Format(Tensor tensor) =>
        tensor.ElementType == ElementType.String ? $"[{string.Join(", ", tensor.Strings.Select(s => $"\"{Encoding.UTF8.GetString(s)}\""))}]"
        : tensor.ElementCount > ShownElements ? "#" + Checksum(tensor.Bytes.Span)
        : tensor.ElementType switch
        {
            ElementType.Float32 => Format(tensor.As<float>().ToArray()),
            ElementType.Int64 or ElementType.Int32 or ElementType.UInt8 or ElementType.Int8 or ElementType.UInt16 or ElementType.Int16
                or ElementType.UInt32 or ElementType.Bool => Format(tensor.ToInt64s()),
            _ => "#" + Checksum(tensor.Bytes.Span),
        };

    /// <summary>FNV-1a, 64 bits: stable over processes and machines.</summary>
    private static string Checksum(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in bytes) hash = (hash ^ b) * 1099511628211UL;
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
