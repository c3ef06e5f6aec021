namespace ServingStack.Graphs.Passes;

/// <summary>
/// A factor and an addend a channel, which is what batch normalization comes to where no layer takes it in: one <c>FusedAffine</c> of
/// <see cref="Domains.Fused"/>. Float32 only.
/// </summary>
public sealed class FuseAffine : IPass
{
    public string Name => nameof(FuseAffine);

    public bool Apply(Graph graph)
    {
        var changed = false;
        foreach (var product in graph.Nodes.Where(n => n is { OpType: "Mul", Domain: "" }).ToArray())
            if (ChannelVectors.AffineFrom(graph, product) is { } affine)
            {
                Fuse(graph, product, affine);
                changed = true;
            }
        return changed;
    }

    private static void Fuse(Graph graph, Node product, ChannelVectors.Affine affine)
    {
        var count = affine.Factors.Length;
        var factors = graph.AddConstant(Tensor.From<float>(affine.Factors, count), graph.FreshName("factors"));
        var shifts = graph.AddConstant(Tensor.From<float>(affine.Shifts, count), graph.FreshName("shifts"));
        graph.InsertBefore(affine.Sum,
            new Node("FusedAffine", [affine.Input, factors, shifts], [affine.Sum.Outputs[0]], affine.Sum.Name, Domains.Fused));
        graph.Remove(affine.Sum);
        graph.Remove(product);
    }
}
