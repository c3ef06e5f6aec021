using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Engine;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack plan MODEL</c>: the steps that the engine runs, their kernels and costs.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var model = ModelFile.Argument();
        var batch = new Option<int>("--batch") { Description = "Rows a run.", DefaultValueFactory = _ => 1 };
        var threads = ModelFile.Threads();
        var command = new Command("plan",
            "Prints the engine's plan for a model: each step's kernel, shapes and costs, and why a step falls back.\n\n" +
            "  servingstack plan deploy/models/fashion_resnet_int8/1/model.onnx --batch 8")
        {
            model, batch, threads,
        };
        command.SetAction(arguments =>
        {
            var rows = arguments.GetValue(batch);
            if (rows < 1) throw new UsageException($"--batch is {rows}, expected 1 or more.");
            using var compiled =
                CompiledModel.Load(arguments.GetValue(model)!, new EngineOptions { Threads = arguments.GetValue(threads) });
            using var session = compiled.CreateSession();
            var plan = session.PlanForBatch(rows);
            var output = arguments.InvocationConfiguration.Output;
            output.Write(plan.Dump());
            output.WriteLine($"{plan.Steps.Count} steps, {plan.FallbackSteps} on ONNX Runtime, {plan.Steps.Sum(s => s.Flops)} flops; " +
                $"platform {compiled.Platform}");
            return 0;
        });
        return command;
    }
}
