using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>
/// Reads ONNX models. In memory every graph uses the operators' rules of opset <see cref="CanonicalOpset"/> or newer: older nodes are
/// rewritten while reading (see <see cref="OpsetUpgrade"/>), and Constant nodes become constants.
/// </summary>
public static class OnnxReader
{
    /// <summary>The oldest standard operator set that is read; older ones broadcast and shape by other rules.</summary>
    public const long OldestOpset = 6;

    /// <summary>The newest standard operator set that is read.</summary>
    public const long NewestOpset = 28;

    /// <summary>Older models are raised to this opset while reading.</summary>
    public const long CanonicalOpset = 21;

    /// <summary>Reads a file and, where tensors are stored outside it, the files beside it.</summary>
    /// <exception cref="GraphLoadException">The file is missing, broken, or breaks ONNX's rules.</exception>
    public static Graph Load(string path)
    {
        var context = new LoadContext(path, Path.GetDirectoryName(Path.GetFullPath(path)));
        return Read(context, ReadFile(path, context));
    }

    /// <summary>Reads a model from bytes; external data is refused.</summary>
    /// <exception cref="GraphLoadException">The bytes are broken or break ONNX's rules.</exception>
    public static Graph Load(ReadOnlyMemory<byte> bytes, string name = "model in memory") => Read(new LoadContext(name, null), bytes);

    /// <summary>Reads a model from a stream, to its end; external data is refused.</summary>
    /// <exception cref="GraphLoadException">The bytes are broken or break ONNX's rules.</exception>
    public static Graph Load(Stream stream, string name = "model in a stream")
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return Load(copy.ToArray(), name);
    }

    private static byte[] ReadFile(string path, LoadContext context)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw context.Fail($"The file cannot be read: {e.Message}", "Check that it exists and that the server may read it.", e);
        }
    }

    private static Graph Read(LoadContext context, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return new ModelReader(context, Parse(context, bytes)).Read();
        }
        catch (Exception e) when (LoadErrors.IsOfModel(e))
        {
            throw context.Fail($"The model breaks the rules of ONNX: {e.Message}",
                "Check the model with onnx.checker and export it again.", e);
        }
    }

    private static ModelProto Parse(LoadContext context, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(bytes.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw context.Fail($"This is no ONNX model, or a truncated one ({bytes.Length} bytes): {e.Message}",
                "Export or copy the file again.", e);
        }
    }
}
