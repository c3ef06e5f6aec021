using System.CommandLine;
using ServingStack.Engine;
using ServingStack.Graphs;
using ServingStack.Graphs.Onnx;
using ServingStack.Kernels.Machine;

namespace ServingStack.Benchmarks;

/// <summary>
/// <c>compressed</c>: the four networks of Kim et al. 2016 whole and decomposed, at the ranks of the zoo. Weights are seeded: time depends on
/// ranks, not on what a decomposition would find.
/// </summary>
internal static class CompressedCommand
{
    // How many times faster decomposing made a phone, table 1 of the paper.
    private static readonly (string Network, double PublishedRatio)[] Networks =
        [("alexnet", 2.72), ("vggs", 3.68), ("googlenet", 1.42), ("vgg16", 3.34)];

    private static readonly Report<CompressedMeasurement> Report = new(
        ("network", row => row.Network),
        ("10^6 multiply-adds", row => Number(row.MultiplyAdds, "0")),
        ("decomposed", row => Number(row.DecomposedMultiplyAdds, "0")),
        ("times less", row => Number(row.OperationsRatio, "0.00")),
        ("ms", row => Number(row.Milliseconds, "0.00")),
        ("decomposed", row => Number(row.DecomposedMilliseconds, "0.00")),
        ("times faster", row => Number(row.Ratio, "0.00")),
        ("of operations", row => Number(row.Yield, "0.00")),
        ("published", row => Number(row.PublishedRatio, "0.00")),
        ("int8 ms", row => Number(row.DecomposedInt8Milliseconds, "0.00")),
        ("ORT ms", row => Number(row.OrtMilliseconds, "0.00")),
        ("ORT decomposed", row => Number(row.OrtDecomposedMilliseconds, "0.00")),
        ("int8 x ORT", row => Number(row.Int8OverOrt, "0.00")));

    public static Command Create()
    {
        var filter = new Argument<string>("filter") { Description = "Only networks whose name contains this.", DefaultValueFactory = _ => "" };
        var seconds = new Option<double>("--seconds") { Description = "Time for each row.", DefaultValueFactory = _ => 6 };
        var json = new Option<FileInfo?>("--json") { Description = "Also write the rows to this file." };
        var command = new Command("compressed", "Time networks whole and in Tucker's decomposition, one thread, batch 1.")
        {
            filter, seconds, json,
        };
        command.SetAction(parsed =>
        {
            var chosen = Networks.Where(n => n.Network.Contains(parsed.GetValue(filter)!, StringComparison.Ordinal)).ToArray();
            if (chosen.Length == 0)
            {
                Console.Error.WriteLine($"No network matches. There are: {string.Join(", ", Networks.Select(n => n.Network))}.");
                return 1;
            }
            var rows = Progress.Over("compressed", chosen, n => n.Network, n => Measure(n.Network, n.PublishedRatio, parsed.GetValue(seconds)));
            var machine = MachineFeatures.Current;
            Report.Print($"{machine.ProcessorName}, {machine.InstructionSet}, one thread, best of many, in turns", rows, parsed.GetValue(json));
            return 0;
        });
        return command;
    }

    private static CompressedMeasurement Measure(string network, double published, double seconds)
    {
        var decomposed = $"{network}_tucker";
        using var whole = new LoadedNetwork(NetworkFile.OfFloats(network));
        using var chains = new LoadedNetwork(NetworkFile.OfFloats(decomposed));
        using var bytes = new LoadedNetwork(NetworkFile.OfBytes(decomposed));
        using var peer = new OnnxRuntimePeer(File.ReadAllBytes(whole.Path));
        using var peerOfChains = new OnnxRuntimePeer(File.ReadAllBytes(chains.Path));
        var best = InterleavedTimer.Best(seconds, whole.Run, chains.Run, bytes.Run, peer.Run, peerOfChains.Run);
        double Milliseconds(int contender) => best[contender]!.Value * 1e3;
        return new CompressedMeasurement(
            network, MultiplyAdds(whole.Path), MultiplyAdds(chains.Path), Milliseconds(0), Milliseconds(1), Milliseconds(2), Milliseconds(3),
            Milliseconds(4), published);
    }

    private static double MultiplyAdds(string path)
    {
        var graph = OnnxReader.Load(path);
        ShapeInference.Run(graph);
        return graph.Nodes.Where(node => node.OpType is "Conv" or "Gemm").Sum(node => node.Inputs[1]!.Constant!.ElementCount
            * node.Outputs[0].Shape!.Skip(2).Aggregate(1.0, (product, extent) => product * extent.Value)) / 1e6;
    }

    private static string Number(double value, string format) => Report<CompressedMeasurement>.Number(value, format);

    /// <summary>A network on one thread, at batch 1, on inputs of zeros: time does not depend on them.</summary>
    private sealed class LoadedNetwork : IDisposable
    {
        private readonly CompiledModel _model;
        private readonly Session _session;
        private readonly Plan _plan;

        public LoadedNetwork(NetworkFile file)
        {
            Path = file.Path();
            _model = CompiledModel.Load(Path, new EngineOptions { Threads = 1 });
            _session = _model.CreateSession();
            _plan = _session.PlanForBatch(1);
        }

        public string Path { get; }

        public void Run() => _plan.Run();

        public void Dispose()
        {
            _session.Dispose();
            _model.Dispose();
        }
    }
}
