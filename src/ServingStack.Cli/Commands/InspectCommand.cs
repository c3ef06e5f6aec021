using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack inspect MODEL</c>: the graph as text.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var command = new Command("inspect",
            "Prints a model's metadata and its graph, with inferred shapes.\n\n" +
            "  servingstack inspect deploy/models/fashion_resnet/1/model.onnx")
        {
            model,
        };
        command.SetAction(arguments =>
        {
            var graph = OnnxReader.Load(arguments.GetValue(model)!);
            ShapeInference.Run(graph);
            var output = arguments.InvocationConfiguration.Output;
            output.Write(GraphPrinter.Print(graph));
            return 0;
        });
        return command;
    }
}
