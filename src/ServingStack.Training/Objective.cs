using ServingStack.Graphs;
using static TorchSharp.torch.nn;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training;

/// <summary>
/// The loss that fits a graph's last operator, computed on the value before it, where it is numerically safe: cross entropy before Softmax
/// (targets [n] of class indices), binary cross entropy before Sigmoid (targets of 0 and 1 in the output's shape).
/// </summary>
public sealed class Objective
{
    private readonly Func<Tensor, Tensor, double, Tensor> _loss;
    private readonly Func<Tensor, Tensor, Tensor> _hits;

    private Objective(Value logits, Func<Tensor, Tensor, double, Tensor> loss, Func<Tensor, Tensor, Tensor> hits) =>
        (Logits, _loss, _hits) = (logits, loss, hits);

    /// <summary>The value of the graph that the loss reads.</summary>
    public Value Logits { get; }

    /// <exception cref="NotSupportedException">The graph's output is neither of Softmax nor of Sigmoid.</exception>
    public static Objective For(Graph graph) => graph.Outputs is [{ Producer: { OpType: "Softmax" or "Sigmoid" } last }]
        ? last.OpType == "Softmax" ? Classification(last.Inputs[0]!) : BinaryClassification(last.Inputs[0]!)
        : throw new NotSupportedException($"Graph '{graph.Name}' must have one output, of Softmax or Sigmoid, to be trained.");

    /// <summary>The mean loss of a batch, a scalar.</summary>
    public Tensor Loss(Tensor logits, Tensor targets, double labelSmoothing) => _loss(logits, targets, labelSmoothing);

    /// <summary>How many rows of a batch are right.</summary>
    public long Hits(Tensor logits, Tensor targets) => _hits(logits, targets).sum().item<long>();

    private static Objective Classification(Value logits) => new(logits,
        (x, targets, smoothing) => functional.cross_entropy(x, targets, label_smoothing: smoothing),
        (x, targets) => x.argmax(1) == targets);

    private static Objective BinaryClassification(Value logits) => new(logits,
        (x, targets, _) => functional.binary_cross_entropy_with_logits(x, targets),
        (x, targets) => (x > 0) == (targets > 0.5));
}
