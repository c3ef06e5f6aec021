using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Where the reader is in a file, so that every error can say it.</summary>
internal sealed class LoadContext(string file, string? folder)
{
    /// <summary>What the file is called in messages.</summary>
    public string File { get; } = file;

    /// <summary>The folder that external data is relative to; null when the model did not come from a file.</summary>
    public string? Folder { get; } = folder;

    /// <summary>The node being read, null outside nodes.</summary>
    public NodeProto? Node { get; set; }

    /// <summary>The standard operator set's version, null before it is known.</summary>
    public long? Opset { get; set; }

    public GraphLoadException Fail(string problem, string remedy, Exception? cause = null) =>
        new(File, problem, remedy, NameOf(Node), Node?.OpType ?? "", Opset, cause);

    private static string NameOf(NodeProto? node) =>
        node is null ? "" : node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(o => o.Length > 0) ?? "";
}
