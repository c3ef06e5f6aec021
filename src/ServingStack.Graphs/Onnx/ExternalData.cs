using System.Globalization;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Tensor data in a file beside the model. Only files in the model's folder or below are read.</summary>
internal static class ExternalData
{
    public static ReadOnlyMemory<byte> Read(TensorProto proto, long bytes, string what, LoadContext context)
    {
        var entries = proto.ExternalData.GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        var path = ResolvePath(entries.GetValueOrDefault("location") ?? "", what, context);
        var offset = NumberOf(entries, "offset", 0, what, context);
        var length = NumberOf(entries, "length", bytes, what, context);
        if (length != bytes)
            throw context.Fail($"The external data of {what} is {length} bytes long, but its shape and type take {bytes}.",
                "Export the model again.");
        if (length > Array.MaxLength)
            throw context.Fail($"The data of {what} takes {length} bytes; a tensor may take {Array.MaxLength}.", "Split the tensor.");
        try
        {
            using var file = File.OpenHandle(path);
            if (offset > RandomAccess.GetLength(file) - length)
                throw context.Fail($"The external data of {what} ends after the end of '{path}'.", "Copy the data file again, whole.");
            var data = new byte[length];
            for (var done = 0; done < data.Length;)
                done += RandomAccess.Read(file, data.AsSpan(done), offset + done) is var read and > 0 ? read
                    : throw new EndOfStreamException();
            return data;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw context.Fail($"The external data of {what} cannot be read from '{path}': {e.Message}",
                "Copy the data file beside the model.", e);
        }
    }

    private static string ResolvePath(string location, string what, LoadContext context)
    {
        if (context.Folder is null)
            throw context.Fail($"The data of {what} is in another file, '{location}'.", "Load the model by its path, not from memory.");
        var folder = Path.GetFullPath(context.Folder + Path.DirectorySeparatorChar);
        var path = Path.GetFullPath(location, folder);
        var final = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        if (location.Length == 0 || location.Contains('\0') || Path.IsPathRooted(location)
            || !path.StartsWith(folder, StringComparison.Ordinal) || !final.StartsWith(folder, StringComparison.Ordinal))
            throw context.Fail($"The external data of {what} is at '{location}', outside the model's folder.",
                "Put the data file beside the model.");
        return path;
    }

    private static long NumberOf(Dictionary<string, string> entries, string key, long otherwise, string what, LoadContext context) =>
        !entries.TryGetValue(key, out var text) ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw context.Fail($"The {key} '{text}' of the external data of {what} is no number.", "Export the model again.");
}
