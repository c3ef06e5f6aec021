using ServingStack.Graphs;
using ServingStack.Kernels;

namespace ServingStack.Benchmarks;

/// <summary>One problem, for us and for ONNX Runtime: the same numbers, the same arithmetic.</summary>
/// <param name="Family">For example <c>gemm-int8</c>.</param>
/// <param name="Shape">For people and filters.</param>
/// <param name="Operations">A multiply-add counts as two.</param>
/// <param name="Quantized">Which peak it is measured against.</param>
/// <param name="Bind">Our kernel on memory that lives as long as the arena.</param>
/// <param name="Graph">A model of one operator whose only input is the activations.</param>
internal sealed record KernelWorkload(
    string Family, string Shape, double Operations, bool Quantized, Func<BenchmarkArena, BoundKernel> Bind, Func<Graph> Graph);
