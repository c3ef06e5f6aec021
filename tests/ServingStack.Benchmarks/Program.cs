using System.CommandLine;
using ServingStack.Benchmarks;

var root = new RootCommand("Measures kernels and networks against the machine's peak and ONNX Runtime, all in one run.")
{
    KernelsCommand.Create(),
    NetworksCommand.Create(),
};
return root.Parse(args).Invoke();
