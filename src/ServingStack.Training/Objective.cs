using ServingStack.Graphs;
using static TorchSharp.torch.nn;
using Tensor = TorchSharp.torch.Tensor;

namespace ServingStack.Training;

/// <summary>
/// The loss that fits a graph's last operator, computed on the value before it, where it is numerically safe: cross entropy before Softmax
/// (targets [n] of class indices), binary cross entropy before Sigmoid (targets of 0 and 1 in the output's shape). An output of scores
/// [n, classes] that no Softmax follows is taken as what would go into one.
/// </summary>
public sealed class Objective
{
    private readonly Func<Tensor, Tensor, double, Tensor> _loss;
    private readonly Func<Tensor, Tensor, Tensor> _hits;
    private readonly Func<Tensor, double, Tensor> _beliefs;

    private Objective(Value logits, Func<Tensor, Tensor, double, Tensor> loss, Func<Tensor, Tensor, Tensor> hits,
        Func<Tensor, double, Tensor> beliefs) => (Logits, _loss, _hits, _beliefs) = (logits, loss, hits, beliefs);

    /// <summary>The value of the graph that the loss reads.</summary>
    public Value Logits { get; }

    /// <exception cref="NotSupportedException">The graph's output is neither of Softmax nor of Sigmoid, nor scores of classes.</exception>
    public static Objective For(Graph graph) => graph.Outputs switch
    {
        [{ Producer: { OpType: "Softmax" } last }] => Classification(last.Inputs[0]!),
        [{ Producer: { OpType: "Sigmoid" } last }] => BinaryClassification(last.Inputs[0]!),
        [{ Shape: { Rank: 2 } shape } scores] when shape[1].IsFixed && shape[1].Value > 1 => Classification(scores),
        _ => throw new NotSupportedException($"Graph '{graph.Name}' must have one output, of Softmax or Sigmoid, or of scores " +
            "[batch, classes], to be trained."),
    };

    /// <summary>The mean loss of a batch, a scalar.</summary>
    public Tensor Loss(Tensor logits, Tensor targets, double labelSmoothing) => _loss(logits, targets, labelSmoothing);

    /// <summary>
    /// How far a batch is from a teacher's opinion, a scalar: cross entropy against its probabilities, both softened by a temperature and
    /// scaled so that gradients keep their size (Hinton, Vinyals, Dean 2015).
    /// </summary>
    public Tensor Distance(Tensor logits, Tensor teacher, double temperature) =>
        _loss(logits / temperature, _beliefs(teacher, temperature), 0) * (temperature * temperature);

    /// <summary>How many rows of a batch are right.</summary>
    public long Hits(Tensor logits, Tensor targets) => _hits(logits, targets).sum().item<long>();

    private static Objective Classification(Value logits) => new(logits,
        (x, targets, smoothing) => functional.cross_entropy(x, targets, label_smoothing: smoothing),
        (x, targets) => x.argmax(1) == targets,
        (x, temperature) => functional.softmax(x / temperature, 1));

    private static Objective BinaryClassification(Value logits) => new(logits,
        (x, targets, _) => functional.binary_cross_entropy_with_logits(x, targets),
        (x, targets) => (x > 0) == (targets > 0.5),
        (x, temperature) => functional.sigmoid(x / temperature));
}
