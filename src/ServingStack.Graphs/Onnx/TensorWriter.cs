using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Writes tensors with their data as raw bytes, strings in their own field.</summary>
internal static class TensorWriter
{
    public static TensorProto Write(Tensor tensor, string name)
    {
        var proto = new TensorProto { Name = name, DataType = (int)tensor.ElementType };
        proto.Dims.AddRange(tensor.Dimensions);
        if (tensor.ElementType == ElementType.String) proto.StringData.AddRange(tensor.Strings.Select(s => ByteString.CopyFrom(s)));
        else proto.RawData = UnsafeByteOperations.UnsafeWrap(tensor.Bytes);
        return proto;
    }
}
