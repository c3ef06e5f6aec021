using System.CommandLine;
using ServingStack.Cli.Terminal;
using ServingStack.Kernels;
using ServingStack.Kernels.Gemm;
using ServingStack.Kernels.Machine;

namespace ServingStack.Cli.Commands;

/// <summary><c>servingstack kernels list</c> and <c>kernels explain</c>: what there is, and what would be chosen.</summary>
internal static class KernelsCommand
{
    public static Command Create() =>
        new("kernels", "Shows the kernel table and why a kernel is chosen.\n\n" +
            "  servingstack kernels list\n  servingstack kernels explain 64x1024x1024 --int8")
        {
            Subcommands = { List(), Explain() },
        };

    private static Command List()
    {
        var command = new Command("list", "Lists every kernel with packed weights, best first, and the instructions that it needs.");
        command.SetAction(arguments =>
        {
            var output = arguments.InvocationConfiguration.Output;
            output.WriteLine($"this machine: {MachineFeatures.Current.InstructionSet}");
            foreach (var row in KernelTable.Rows) output.WriteLine($"{row.Family,-12} {row.Name,-32} {row.InstructionSet}");
            return 0;
        });
        return command;
    }

    private static Command Explain()
    {
        var shape = new Argument<string>("shape") { Description = "MxNxK of a matrix product, for example 64x1024x1024." };
        var int8 = new Option<bool>("--int8") { Description = "Unsigned bytes times signed bytes; fp32 where left out." };
        var isa = new Option<InstructionSet?>("--isa") { Description = "Holds the selection to this level." };
        var command = new Command("explain", "Says which kernel computes a matrix product, and why each better one was refused.")
        {
            shape,
            int8,
            isa,
        };
        command.SetAction(arguments =>
        {
            var (_, n, k) = Parse(arguments.GetValue(shape)!);
            var type = arguments.GetValue(int8) ? DataType.UInt8 : DataType.Float32;
            var problem = new GemmProblem(n, k, type, new Epilogue { Output = type });
            var selection = KernelTable.Select(problem, arguments.GetValue(isa));
            var output = arguments.InvocationConfiguration.Output;
            foreach (var refusal in selection.Refusals) output.WriteLine($"refused  {refusal.Kernel,-32} {refusal.Reason}");
            output.WriteLine($"chosen   {selection.Chosen.Name}");
            return 0;
        });
        return command;
    }

    private static (int M, int N, int K) Parse(string text)
    {
        var parts = text.Split('x');
        int[] numbers = [.. parts.Select(p => int.TryParse(p, out var number) ? number : 0)];
        return numbers is [> 0, > 0, > 0] ? (numbers[0], numbers[1], numbers[2])
            : throw new UsageException($"'{text}' is no shape; expected MxNxK such as 64x1024x1024, each 1 or more.");
    }
}
