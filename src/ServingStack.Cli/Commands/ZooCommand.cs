using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Graphs.Onnx;
using ServingStack.Zoo;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack zoo</c>: networks of published papers as ONNX files, with seeded weights.</summary>
internal static class ZooCommand
{
    public static Command Create() =>
        new("zoo", "Builds networks of published papers at their published shapes, with seeded weights: to measure, or to train.\n\n" +
            "  servingstack zoo list\n" +
            "  servingstack zoo build resnet50 --output resnet50.onnx")
        {
            List(), Build(),
        };

    private static Command List()
    {
        var command = new Command("list", "Lists the networks.");
        command.SetAction(arguments =>
        {
            var width = NetworkCatalog.All.Max(entry => entry.Name.Length);
            foreach (var entry in NetworkCatalog.All)
                arguments.InvocationConfiguration.Output.WriteLine($"{entry.Name.PadRight(width)}  {entry.Summary}");
            return 0;
        });
        return command;
    }

    private static Command Build()
    {
        var name = new Argument<string>("name") { Description = "The network." };
        name.AcceptOnlyFromAmong([.. NetworkCatalog.All.Select(entry => entry.Name)]);
        var output = new Option<string>("--output") { Description = "The file to write.", Required = true };
        var seed = new Option<int>("--seed") { Description = "What the weights are drawn from.", DefaultValueFactory = _ => 1 };
        var command = new Command("build", "Writes a network as an ONNX file.") { name, output, seed };
        command.SetAction(arguments =>
        {
            var graph = NetworkCatalog.Find(arguments.GetValue(name)!).Create(arguments.GetValue(seed));
            var path = ModelFile.Prepared(arguments.GetValue(output)!);
            OnnxWriter.Save(graph, path);
            arguments.InvocationConfiguration.Output.WriteLine($"{path}: {new FileInfo(path).Length} bytes");
            return 0;
        });
        return command;
    }
}
