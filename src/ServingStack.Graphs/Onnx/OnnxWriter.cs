using Google.Protobuf;
using ServingStack.Graphs.Onnx.Proto;

namespace ServingStack.Graphs.Onnx;

/// <summary>Writes graphs as ONNX models, tensors inside the file. Reading the result gives an equal graph.</summary>
public static class OnnxWriter
{
    /// <summary>The file format of opset 21; <see cref="IrVersionOf"/> raises it where newer operators are used.</summary>
    private const long OldestIrVersion = 10;

    public static void Save(Graph graph, string path)
    {
        using var file = File.Create(path);
        ModelOf(graph).WriteTo(file);
    }

    public static byte[] ToBytes(Graph graph) => ModelOf(graph).ToByteArray();

    private static ModelProto ModelOf(Graph graph)
    {
        var model = new ModelProto
        {
            IrVersion = IrVersionOf(graph),
            ProducerName = "ServingStack",
            Graph = new GraphWriter(graph).Write(),
        };
        model.OpsetImport.AddRange(OpsetsOf(graph));
        model.MetadataProps.AddRange(graph.Metadata.Select(m => new StringStringEntryProto { Key = m.Key, Value = m.Value }));
        model.Functions.AddRange(graph.Functions.Select(FunctionOf));
        return model;
    }

    private static FunctionProto FunctionOf(GraphFunction function)
    {
        var proto = new FunctionProto { Domain = function.Domain, Name = function.Name, Overload = function.Overload };
        proto.Attribute.AddRange(function.Attributes);
        proto.AttributeProto.AddRange(function.DefaultAttributes.Select(a => AttributeWriter.Write(a.Key, a.Value, _ => throw NoGraphs())));
        proto.OpsetImport.AddRange(OpsetsOf(function.Body));
        new GraphWriter(function.Body).WriteFunctionBody(proto);
        return proto;
    }

    private static InvalidOperationException NoGraphs() => new("A function's default attribute cannot be a graph.");

    private static IEnumerable<OperatorSetIdProto> OpsetsOf(Graph graph) =>
        graph.Opsets.Select(o => new OperatorSetIdProto { Domain = o.Key, Version = o.Value });

    private static long IrVersionOf(Graph graph) => graph.Opsets.GetValueOrDefault("") switch
    {
        <= 22 => OldestIrVersion,
        23 => 11,
        24 => 12,
        _ => 13,
    };
}
