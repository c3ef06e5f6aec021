using System.CommandLine;
using ServingStack.Benchmarks;

var smoke = new Option<bool>("--smoke")
{
    Description = "Run two rows of each family and the sample models, briefly: that everything runs, not how fast.",
};
var root = new RootCommand("Measures kernels and networks against the machine's limits and ONNX Runtime, all in one run.")
{
    smoke,
    KernelsCommand.Create(),
    NetworksCommand.Create(),
    CompressedCommand.Create(),
    TeamCommand.Create(),
    TuckerCommand.Create(),
};
root.SetAction(parsed => parsed.GetValue(smoke)
    ? Math.Max(KernelsCommand.Run([.. WorkloadTable.Smoke], seconds: 0, json: null), NetworksCommand.RunSamples(seconds: 0))
    : root.Parse("--help").Invoke());
return root.Parse(args).Invoke();
