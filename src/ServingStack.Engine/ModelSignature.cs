namespace ServingStack.Engine;

/// <summary>What a model shows of itself: inputs, outputs, free-text metadata.</summary>
internal sealed record ModelSignature(
    IReadOnlyList<TensorSpec> Inputs, IReadOnlyList<TensorSpec> Outputs, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Whether extent 0 of every input and output is open and has the same symbol.</summary>
    public bool SharesOpenBatch
    {
        get
        {
            var all = Inputs.Concat(Outputs).ToArray();
            return Inputs.Count > 0
                && Array.TrueForAll(all, s => s.Shape.Rank > 0 && !s.Shape[0].IsFixed)
                && all.Select(s => s.Shape[0].Symbol).Distinct().Count() == 1;
        }
    }
}
