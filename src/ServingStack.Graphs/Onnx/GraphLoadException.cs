namespace ServingStack.Graphs.Onnx;

/// <summary>
/// A model cannot be used as it is: the file is broken, or an operator is used against its rules. The message names the file, the node, its
/// operator and opset, what is wrong, and what to do about it.
/// </summary>
public sealed class GraphLoadException : Exception
{
    public GraphLoadException(string file, string problem, string remedy, Node? node = null, long? opset = null, Exception? cause = null)
        : this(file, problem, remedy, node?.Name ?? "", node?.OpType ?? "", opset, cause)
    {
    }

    internal GraphLoadException(string file, string problem, string remedy, string node, string op, long? opset, Exception? cause)
        : base(Describe(file, problem, remedy, node, op, opset), cause) =>
        (File, Node, Operator, Opset, Remedy) = (file, node, op, opset, remedy);

    /// <summary>The file, or the graph's name when it was not read from a file.</summary>
    public string File { get; }

    /// <summary>The node's name, or that of its first output when it has none; empty when no single node is to blame.</summary>
    public string Node { get; }

    /// <summary>The node's operator; empty when no single node is to blame.</summary>
    public string Operator { get; }

    /// <summary>The operator set version that the file declares, where it is known.</summary>
    public long? Opset { get; }

    public string Remedy { get; }

    private static string Describe(string file, string problem, string remedy, string node, string op, long? opset)
    {
        var version = opset is null ? "" : $"opset {opset}";
        var place = op.Length > 0 ? $"node '{node}' ({string.Join(", ", new[] { op, version }.Where(p => p.Length > 0))}): "
            : version.Length > 0 ? $"({version}) " : "";
        return $"{file}: {place}{problem} {remedy}";
    }
}
