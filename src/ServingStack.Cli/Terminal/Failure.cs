using ServingStack.Compression.Datasets;
using ServingStack.Compression.Quantization;
using ServingStack.Compression.Tucker;
using ServingStack.Engine;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Cli.Terminal;

/// <summary>Which exceptions are the user's to mend; their messages name the value, what was expected, and the remedy.</summary>
internal static class Failure
{
    /// <summary>The message as one line; null for a fault of our own, whose stack is worth more than its message.</summary>
    public static string? Explain(Exception e) =>
        e is UsageException or GraphLoadException or DatasetException or InputException or IOException or UnauthorizedAccessException
            or NotSupportedException or QuantizationException or DllNotFoundException or TuckerException
            ? "error: " + e.Message.ReplaceLineEndings(" ")
            : null;
}

/// <summary>An argument that is well-formed but cannot be meant.</summary>
internal sealed class UsageException(string message) : Exception(message);
