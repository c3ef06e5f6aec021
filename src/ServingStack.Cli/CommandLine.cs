using System.CommandLine;
using ServingStack.Cli.Commands;
using ServingStack.Cli.Terminal;

namespace ServingStack.Cli;

/// <summary>The whole command line, callable from tests.</summary>
internal static class CommandLine
{
    private const string Summary = """
        ServingStack's tools for models: train the samples, compress, quantize, judge, and see what the engine makes of a file.

          servingstack train fashion-resnet --data DIR
          servingstack compress model.onnx --budget flops=2x --data cifar10:DIR --repository DIR
          servingstack quantize model.onnx --calibration fashion-mnist:DIR --output model_int8.onnx
          servingstack evaluate model.onnx --data fashion-mnist:DIR
          servingstack plan model.onnx --batch 8
        """;

    public static RootCommand Root { get; } = new(Summary)
    {
        Subcommands =
        {
            TrainCommand.Create(),
            TuneCommand.Create(),
            CompressCommand.Create(),
            CurveCommand.Create(),
            QuantizeCommand.Create(),
            EvaluateCommand.Create(),
            PlanCommand.Create(),
            KernelsCommand.Create(),
            InspectCommand.Create(),
            ZooCommand.Create(),
        },
    };

    /// <summary>Runs one command; the exit code is 0, or 1 after one line on what is wrong and what to do.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error };
            return Root.Parse(args).Invoke(configuration);
        }
        catch (Exception e) when (Failure.Explain(e) is { } line)
        {
            error.WriteLine(line);
            return 1;
        }
    }
}
