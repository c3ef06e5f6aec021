using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Reads and writes a single tensor as ONNX's <c>TensorProto</c>, the form of ONNX's own test data (<c>input_0.pb</c>).</summary>
public static class TensorFile
{
    /// <exception cref="GraphLoadException">The bytes are no tensor.</exception>
    public static Tensor Read(ReadOnlyMemory<byte> bytes, string name = "tensor in memory")
    {
        var context = new LoadContext(name, null);
        try
        {
            return new TensorReader(context).Read(TensorProto.Parser.ParseFrom(bytes.Span), $"'{name}'");
        }
        catch (InvalidProtocolBufferException e)
        {
            throw context.Fail($"This is no ONNX tensor: {e.Message}", "Export or copy the file again.", e);
        }
    }

    public static byte[] ToBytes(Tensor tensor, string name = "") => TensorWriter.Write(tensor, name).ToByteArray();
}
